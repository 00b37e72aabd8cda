// The driver's side of a truck: what is sensible next, what is in the box, and
// how what was done reaches the county.

import { ref } from 'vue'
import { ApiError, getBatches, send } from '../api/client'
import type { By } from '../api/people'
import type { Batch, Phase } from '../api/types'
import { link, now } from './county'
import { asMe } from './name'
import { prove } from './pin'
import { add, again, flush, need, openQueue, waiting, type Act, type What } from './queue'
import { put, take } from './shelf'
import { attempt } from './token'

export const queueKey = 'queue'

/** What comes next on a trip; unloading ends it when nothing is left in the box. */
export function nextPhase(phase: Phase, loaded: boolean): Phase {
  switch (phase) {
    case 'idle':
    case 'returning':
      return 'conditioning'
    case 'conditioning':
      return 'loading'
    case 'loading':
      return 'in-transit'
    case 'in-transit':
      return 'unloading'
    case 'unloading':
      return loaded ? 'in-transit' : 'idle'
  }
}

/** The phase with what waits: what the driver pressed last. */
export function phaseWith(known: Phase, truck: string, queued: Act[]): Phase {
  return queued.reduce((p, a) => (a.truck === truck && a.what.kind === 'phase' ? a.what.phase : p), known)
}

export interface Lot {
  /** Empty of one that is known by its six digits alone. */
  id: string
  code: string
  batch: Batch | null
  /** Not yet at the county. */
  waits: boolean
}

/** What lies in the box, with what waits. */
export function loadWith(known: Batch[], truck: string, queued: Act[]): Lot[] {
  let out: Lot[] = known.map((b) => ({ id: b.id, code: b.short ?? '', batch: b, waits: false }))
  for (const a of queued) {
    if (a.truck !== truck) continue
    const w = a.what
    if (w.kind === 'load' && !out.some((l) => (w.batch ? l.id === w.batch : l.code === w.code))) out.push({ id: w.batch, code: w.code, batch: null, waits: true })
    if (w.kind === 'unload' || (w.kind === 'handover' && (w.zone || w.place) && w.outcome !== 'refused')) out = out.filter((l) => l.id !== w.batch)
  }
  return out
}

const batchID = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/

/** Reads what a label says: a batch's id, six digits, or an address that ends in one of them. */
export function readLabel(text: string): { batch: string; code: string } | null {
  const said = text.trim().replace(/[?#].*$/, '')
  const last = said.split('/').filter(Boolean).pop() ?? ''
  if (/^\d{6}$/.test(last)) return { batch: '', code: last }
  // GS1 Digital Link: the lot stands behind 10.
  const lot = /\/10\/([^/]+)/.exec(said)
  const id = lot ? lot[1] ?? '' : last
  return batchID.test(id) ? { batch: id, code: '' } : null
}

const slip = [
  '0317598642', '7092154863', '4206871359', '1750983426', '6123045978', '3674209581', '5869720134', '8945362017', '9438617205', '2581436790',
]

/** Whether six digits can be a code: the last one proves the others (as package batch has it). */
export const isCode = (code: string): boolean => /^\d{6}$/.test(code) && [...code].reduce((state, d) => Number(slip[state]?.[Number(d)]), 0) === 0

const refuse = (code: string, zh: string, en: string) => new ApiError(code, { zh, en }, 409)

/** Asks the county which batch six digits stand for. */
async function batchOf(w: { batch: string; code: string }): Promise<string> {
  if (w.batch) return w.batch
  const found = (await getBatches({ short: w.code })).batches
  if (found.length === 1) return (found[0] as Batch).id
  const list = found.map((b) => b.id + ' ' + b.product)
  if (!found.length) throw refuse('no-batch', `没有号码是 ${w.code} 的批次，或者它已经关闭：请照标签核对`, `No batch that is not closed has the code ${w.code}: check the label`)
  throw refuse('ambiguous', `${w.code} 有 ${found.length} 个批次：${list.join('、')}。请扫码或用批次号再登记`, `${w.code} stands for ${found.length} batches: ${list.join(', ')}. Scan the label or enter the batch's id`)
}

const path = (...parts: string[]) => parts.map(encodeURIComponent).join('/')

/** Gives one action to the county, with its own time and key. */
export async function carry(act: Act, pin: string | undefined): Promise<void> {
  const by = { actor: act.actor, at: act.at, ...(pin ? { pin } : {}) }
  const post = (to: string, body: object) => send<unknown>('POST', to, { ...body, ...by }, act.id)
  const w = act.what
  switch (w.kind) {
    case 'phase':
      return void (await post(path('trucks', act.truck, 'phase'), { phase: w.phase }))
    case 'empty':
      return void (await post(path('trucks', act.truck, 'empty'), {}))
    case 'load':
      return void (await post(path('batches', await batchOf(w), 'moves'), { zone: act.box, ...(w.override ? { override: w.override } : {}) }))
    case 'unload':
      return void (await post(path('batches', w.batch, 'moves'), { zone: w.zone, ...(w.place ? { place: w.place } : {}) }))
    case 'handover': {
      const moves = (w.zone || w.place) && w.outcome !== 'refused'
      const body = { from: w.from, to: w.to, outcome: w.outcome, note: w.note, ...(w.productC === null ? {} : { product_c: w.productC, method: 'surface' }) }
      return void (await post(path('batches', w.batch, 'handovers'), moves ? { ...body, move: { zone: w.zone, ...(w.place ? { place: w.place } : {}) } } : body))
    }
    case 'step':
      return void (await post(path('alarms', w.alarm, 'steps'), { step: w.step }))
  }
}

// Digits are remembered while the page is open, for what waits under them, and
// written nowhere.
const pins = new Map<string, string>()

async function sender(act: Act) {
  try {
    await carry(act, pins.get(act.id))
    pins.delete(act.id)
  } catch (e) {
    if (e instanceof ApiError && e.code.startsWith('pin-')) pins.delete(act.id)
    throw e
  }
}

/** Sends what waits by itself; asks nobody anything. */
export async function sendWaiting() {
  await openQueue()
  if (!waiting.value.length) return
  await flush(sender)
}

/** Sends what waits for a person who looks on: the digits are asked for. */
function sendNow() {
  void attempt(queueKey, async () => {
    await flush(sender)
    const n = need.value
    if (n) throw new ApiError(n.code, n.text, 401) // the dialogs ask by it
  })
}

/** Somebody gives what sending has stopped for. */
export function giveNeeded() {
  const n = need.value
  if (n?.kind === 'pin') {
    void prove(n.actor, (by) => {
      rememberPIN(by, waiting.value)
      sendNow()
    })
  } else {
    sendNow()
  }
}

function rememberPIN(by: By, of: Act[]) {
  if (by.pin) for (const a of of) if (a.actor === by.actor) pins.set(a.id, by.pin)
}

/** Does something at a truck: kept at once, sent when there is signal. */
export function doAt(truck: string, box: string, what: What, then = () => {}) {
  const at = now.value // when the button was pressed, not when the digits were typed
  asMe(truck, (by) => void done(by, truck, box, what, at, then))
}

async function done(by: By, truck: string, box: string, what: What, at: number, then: () => void) {
  const act = await add({ actor: by.actor, truck, box }, what, at)
  if (act) rememberPIN(by, [act])
  then()
  if (link.live || by.pin) sendNow()
}

/** A refused action once more. */
export async function doAgain(act: Act, what: What) {
  await again(act, what)
  sendNow()
}

/** What lies in the box, as the county last said, and when it said so. */
export const loads = ref<Record<string, { batches: Batch[]; at: number }>>({})

export async function readLoad(box: string) {
  if (!loads.value[box]) {
    const kept = await take<{ batches: Batch[]; at: number }>('known', 'load/' + box).catch(() => undefined)
    if (kept && !loads.value[box]) loads.value = { ...loads.value, [box]: kept }
  }
  const answer = await getBatches({ zone: box })
  const fresh = { batches: answer.batches, at: Date.parse(answer.now) }
  loads.value = { ...loads.value, [box]: fresh }
  await put('known', 'load/' + box, JSON.parse(JSON.stringify(fresh))).catch(() => {})
}

/** Batches by their ids, as far as this device has seen them. */
export const seenBatch = (id: string): Batch | undefined => Object.values(loads.value).reduce<Batch | undefined>((f, l) => f ?? l.batches.find((b) => b.id === id), undefined)

let started = false

/** Sends whenever there may be signal again. */
export function startSending() {
  if (started) return
  started = true
  void sendWaiting()
  window.addEventListener('online', () => void sendWaiting())
  window.setInterval(() => {
    if (waiting.value.length && !need.value) void sendWaiting()
  }, 15_000)
}
