// The installed page without signal: a worker that keeps the page itself, and
// what the county last said. Values are kept with their own times, and are old
// by the same rule as any other.

import { ref } from 'vue'
import type { Session } from '../api/session'
import type { Alarm, County, Site, Zone } from '../api/types'
import { empty, put, take } from './shelf'

const key = 'coldchain.truck'

/** What was last known, with the county's time and how far this device's clock was from it. */
export interface Known {
  county: County
  sites: Site[]
  zones: Zone[]
  alarms: Alarm[]
  heard: number
  offset: number
}

const plain = <T>(v: T): T => JSON.parse(JSON.stringify(v))

export const keepKnown = (k: Known): Promise<unknown> =>
  put('known', 'county', plain({ ...k, zones: k.zones.map((z) => ({ ...z, spark: null, recent: null })) })).catch(() => {})
export const lastKnown = (): Promise<Known | undefined> => take<Known>('known', 'county').catch(() => undefined)

/** Who was signed in, so that a driver's page opens without signal; it lets in nowhere. */
export const keepSession = (s: Session): Promise<unknown> => (ownTruck() ? put('known', 'session', plain(s)).catch(() => {}) : Promise.resolve())
export const lastSession = (): Promise<Session | undefined> => take<Session>('known', 'session').catch(() => undefined)

/** The truck whose page this device opens, if it is a driver's. */
export function ownTruck(): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

export function setOwnTruck(truck: string) {
  try {
    if (truck) localStorage.setItem(key, truck)
    else localStorage.removeItem(key)
  } catch {
    // the address says it as well
  }
}

/** none: this browser or address cannot; http is one. */
export const worker = ref<'none' | 'off' | 'starting' | 'ready' | 'renewed'>('none')

const supported = () => 'serviceWorker' in navigator && window.isSecureContext

/** Keeps the page on this device, from its first visit on. */
export async function startOffline() {
  if (!supported()) return
  worker.value = 'starting'
  // Asked once; where it is refused the browser may clear what is kept when the disk is full.
  void navigator.storage?.persist?.().catch(() => false)
  try {
    const r = await navigator.serviceWorker.register('/sw.js')
    await navigator.serviceWorker.ready
    worker.value = r.waiting ? 'renewed' : 'ready'
    r.addEventListener('updatefound', () => {
      const fresh = r.installing
      fresh?.addEventListener('statechange', () => {
        if (fresh.state === 'installed' && navigator.serviceWorker.controller) worker.value = 'renewed'
      })
    })
  } catch {
    worker.value = 'off' // a certificate that is not trusted, or storage refused
  }
}

/** Takes the newer page: it replaces the one that is shown. */
export async function renew() {
  const r = await navigator.serviceWorker.getRegistration()
  if (!r?.waiting) return location.reload()
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
  r.waiting.postMessage('take over')
}

/** Forgets what was known here: another person must not find it. What waits to be sent stays. */
export const forgetKnown = (): Promise<unknown> => empty('known').catch(() => {})

/** Takes the worker and everything it keeps off this device. */
export async function removeOffline() {
  if (supported()) {
    for (const r of await navigator.serviceWorker.getRegistrations()) await r.unregister()
    for (const name of await caches.keys()) if (name.startsWith('page-')) await caches.delete(name)
  }
  await forgetKnown()
  setOwnTruck('')
  worker.value = 'off'
}
