// The county as this page knows it: filled by three requests, kept fresh by
// live events. Everything shown reads from here.

import { computed, reactive, ref, shallowReactive, shallowRef, triggerRef } from 'vue'
import { ApiError, getAlarms, getSites, getZones } from '../api/client'
import { listen } from '../api/live'
import { getSession } from '../api/session'
import type { Alarm, County, Gateway, Label, Point, Site, Trouble, Use, Zone } from '../api/types'
import { alarmOrder, excess, isResting, isStale, mainPoint, pointsOf, provisionalOf, worstFirst, zoneState, type State } from './judge'
import { keepKnown, lastKnown, ownTruck } from './offline'
import { bucketsOf, extend, samplesOf, trendWindow, type Buckets, type Sample } from './series'

/** A zone with what the page adds to it. */
export interface LiveZone {
  data: Zone
  site: Site
  order: number
  spark: Buckets | null
  samples: Sample[]
  /** Mains, generator and battery it hangs on: its own, else its site's. */
  supply: Point[]
}

export const county = shallowRef<County | null>(null)
export const sites = shallowRef<Site[]>([])
export const zones = shallowRef<LiveZone[]>([])
export const openAlarms = shallowRef<Alarm[]>([])
/** Grows whenever alarms or batches change, for views that keep lists of their own. */
export const alarmsChanged = ref(0)
export const batchesChanged = ref(0)
/** Grows whenever the roster, a message or an outage has changed. */
export const peopleChanged = ref(0)

export const link = reactive({
  /** Whether live events arrive. */
  live: false,
  everLive: false,
  /** Server time at which something last came from the server. */
  heard: 0,
  /** Why nothing could be loaded, in words for people. */
  failure: null as Label | null,
  historyDown: false,
  /** What is wrong with the collector itself. */
  trouble: null as Trouble | null,
})

// The server's clock decides ages: phones' clocks are wrong.
let clockOffset = 0
export const now = ref(Date.now())

function hear(serverNow: string) {
  const ms = Date.parse(serverNow)
  clockOffset = ms - Date.now()
  link.heard = ms
  now.value = ms
}

const zoneIndex = new Map<string, LiveZone>()
const pointIndex = new Map<string, Point>()

export const zoneNamed = (id: string): LiveZone | undefined => (zones.value, zoneIndex.get(id))
export const siteNamed = (id: string): Site | undefined => sites.value.find((s) => s.id === id)

export const staleMs = computed(() => (county.value?.stale_after_s ?? 180) * 1000)
export const timezone = computed(() => county.value?.timezone ?? 'Asia/Shanghai')

/** Alarms of a zone, among those that need somebody. */
export const alarmsOf = (zone: string): Alarm[] => openAlarms.value.filter((a) => a.zone === zone)

export interface Judged {
  zone: LiveZone
  state: State
  beyond: number
  order: number
}

// Ages pass thresholds slowly; judging 60 zones each second would be for nothing.
const judgeTick = computed(() => Math.floor(now.value / 5000))

/** Every zone with its state, in the order of the configuration. */
export const judged = computed<Judged[]>(() => {
  void judgeTick.value
  const at = Date.now() + clockOffset
  return zones.value.map((zone) => {
    const main = mainPoint(zone.data)
    const held = provisionalOf(zone.site.gateway, main, at, staleMs.value)
    const value = held ? held.v : main && !isStale(main, at, staleMs.value) ? main.reading?.v : null
    return {
      zone,
      order: zone.order,
      state: zoneState(zone.data, alarmsOf(zone.data.id), at, staleMs.value, zone.supply, zone.site.gateway),
      beyond: !isResting(zone.data) && main && value !== null && value !== undefined ? excess(value, zone.data.limits[main.quantity], alarmsOf(zone.data.id)) : 0,
    }
  })
})

export const stateOf = (zone: string): State => judged.value.find((j) => j.zone.data.id === zone)?.state ?? 'nodata'

/** The zones of some sites, worst first. */
export const rank = (list: Judged[]): Judged[] => [...list].sort(worstFirst)

/**
 * The zones that are counted: a technical one only where a site has nothing else,
 * or when somebody must go, for a power cut counts.
 */
export const counted = computed<Judged[]>(() => {
  const cold = new Set(judged.value.filter((j) => mainPoint(j.zone.data)).map((j) => j.zone.site.id))
  return judged.value.filter((j) => mainPoint(j.zone.data) || j.state === 'act' || (j.zone.site.kind === 'village-station' && !cold.has(j.zone.site.id)))
})

let loading = false
let retry = 0

async function load() {
  window.clearTimeout(retry)
  loading = true
  try {
    const [s, z, a] = await Promise.all([getSites(), getZones(), getAlarms({ state: 'open' })])
    hear(z.now)
    county.value = s.county
    sites.value = s.sites
    takeZones(s.sites, z.zones)
    openAlarms.value = a.alarms.sort(alarmOrder)
    link.failure = null
    link.trouble = s.trouble ?? null
    link.historyDown = z.history === 'unavailable'
    alarmsChanged.value++
    batchesChanged.value++
    remember()
  } catch (e) {
    if (!county.value) await recall()
    link.failure = e instanceof ApiError ? e.text : { zh: String(e), en: String(e) }
    retry = window.setTimeout(load, 5000)
  } finally {
    loading = false
  }
}

/** Keeps what is known, on a driver's device. */
export function remember() {
  if (!county.value || !ownTruck()) return
  void keepKnown({ county: county.value, sites: sites.value, zones: zones.value.map((z) => z.data), alarms: openAlarms.value, heard: link.heard, offset: clockOffset })
}

/** Shows what was kept, as old as it is, until the county answers. */
async function recall() {
  const k = await lastKnown()
  if (!k || county.value) return
  clockOffset = k.offset
  now.value = Date.now() + clockOffset
  link.heard = k.heard
  link.everLive = true // so that the page says since when nothing is known
  county.value = k.county
  sites.value = k.sites
  takeZones(k.sites, k.zones)
  openAlarms.value = k.alarms
}

function takeZones(all: Site[], list: Zone[]) {
  const bySite = new Map(all.map((s) => [s.id, s] as const))
  const out: LiveZone[] = []
  pointIndex.clear()
  list.forEach((data, order) => {
    const site = bySite.get(data.site)
    if (!site) return
    const before = zoneIndex.get(data.id)
    // Live readings change points in place; what shows one follows it.
    data.points = data.points.map((p) => shallowReactive(p))
    out.push({
      data,
      site,
      order,
      // A store that is down must not wipe the curves that are there.
      spark: data.spark ? bucketsOf(data.spark) : (before?.spark ?? null),
      samples: data.recent ? samplesOf(data.recent) : (before?.samples ?? []),
      supply: [],
    })
    for (const p of data.points) pointIndex.set(p.id, p)
  })
  for (const z of out) {
    const neighbours = out.filter((o) => o.site === z.site)
    for (const q of ['mains', 'generator', 'battery-ok'] as const) {
      const own = pointsOf(z.data, q)
      z.supply.push(...(own.length ? own : neighbours.reduce<Point[]>((all, o) => all.concat(pointsOf(o.data, q)), [])))
    }
  }
  zoneIndex.clear()
  for (const z of out) zoneIndex.set(z.data.id, z)
  zones.value = out
}

function takePoints(points: Point[]) {
  for (const p of points) {
    const known = pointIndex.get(p.id)
    const zone = zoneIndex.get(p.zone)
    if (!known || !zone) continue
    const newer = p.reading && p.reading.t !== known.reading?.t
    Object.assign(known, p)
    if (newer && p.id === zone.data.main && p.reading && p.reading.v !== null) {
      const t = Date.parse(p.reading.t)
      if (zone.spark) extend(zone.spark, t, p.reading.v)
      zone.samples.push([t, p.reading.v])
      zone.samples = zone.samples.filter(([at]) => t - at <= trendWindow + 120_000)
    }
  }
  triggerRef(zones)
}

/** Takes alarms as the server has just told them. */
export function takeAlarms(alarms: Alarm[]) {
  const ids = new Set(alarms.map((a) => a.id))
  openAlarms.value = [...openAlarms.value.filter((a) => !ids.has(a.id)), ...alarms.filter((a) => a.open)].sort(alarmOrder)
  alarmsChanged.value++
}

/** Takes how zones are used, as the server has just told it. */
export function takeUses(uses: (Use & { zone: string })[]) {
  for (const u of uses) {
    const known = zoneIndex.get(u.zone)
    if (known) Object.assign(known.data, { disuse: u.disuse, truck: u.truck, limits_state: u.limits_state })
  }
  triggerRef(zones)
}

function refreshAlarms() {
  void getAlarms({ state: 'open' }).then(
    (a) => {
      openAlarms.value = a.alarms.sort(alarmOrder)
      alarmsChanged.value++
    },
    () => {}, // the stream tells when the server is gone
  )
}

function takeGateways(gateways: Gateway[]) {
  for (const g of gateways) {
    const site = sites.value.find((s) => s.gateway?.name === g.name)
    if (site) site.gateway = g
  }
  triggerRef(sites)
  triggerRef(zones)
}

/** Forgets what somebody else saw here. */
function forget() {
  window.clearTimeout(retry)
  county.value = null
  sites.value = []
  zones.value = []
  openAlarms.value = []
  zoneIndex.clear()
  pointIndex.clear()
  Object.assign(link, { live: false, everLive: false, heard: 0, failure: null, historyDown: false, trouble: null })
}

/**
 * Begins to listen, for whoever is signed in; whatever was missed is asked for
 * when the stream opens. What is returned ends it.
 */
export function startCounty(): () => void {
  void load() // not waiting for the stream: it may be blocked where answers pass
  let first = true
  const deaf = listen({
    hello(at) {
      hear(at)
      link.live = link.everLive = true
      // The first load began beside the stream: only alarms could have slipped between.
      if (first && (loading || county.value)) refreshAlarms()
      else void load()
      first = false
    },
    resumed(at) {
      hear(at)
      link.live = link.everLive = true
    },
    lost() {
      link.live = false
    },
    refused() {
      void getSession().catch(() => {}) // tells of itself when nobody is signed in
    },
    points(points, at) {
      hear(at)
      takePoints(points)
    },
    alarms(alarms, at) {
      hear(at)
      takeAlarms(alarms)
    },
    batches(_, at) {
      hear(at)
      void load() // what lies in a room sets its limits
    },
    gateways(gateways, at) {
      hear(at)
      takeGateways(gateways)
    },
    uses(uses, at) {
      hear(at)
      takeUses(uses)
    },
    people(at) {
      hear(at)
      peopleChanged.value++
    },
    trouble(trouble, at) {
      hear(at)
      link.trouble = trouble
    },
    alive: hear,
  })
  const tick = window.setInterval(() => (now.value = Date.now() + clockOffset), 1000)
  // Late readings fill old buckets; the whole is taken again now and then.
  const whole = window.setInterval(() => {
    if (!document.hidden && link.live) void load()
  }, 5 * 60_000)
  const keep = window.setInterval(() => link.live && remember(), 60_000)
  const seen = () => {
    if (document.hidden && link.live) remember()
    if (!document.hidden && Date.now() + clockOffset - link.heard > 30_000) void load()
  }
  document.addEventListener('visibilitychange', seen)
  return () => {
    deaf()
    window.clearInterval(tick)
    window.clearInterval(whole)
    window.clearInterval(keep)
    document.removeEventListener('visibilitychange', seen)
    forget()
  }
}

export const reload = load
