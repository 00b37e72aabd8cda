// What a driver does, kept on the device until the county has it. An action has
// the time at which it was done and a key that makes it harmless to send twice.
// They go in order; what the county refuses stays until a person has read it.

import { computed, ref } from 'vue'
import { ApiError } from '../api/client'
import type { StepName } from '../api/people'
import type { Label, Phase } from '../api/types'
import { all, drop, put } from './shelf'

/** What was done. A batch is named by its id, or by six digits until the county is asked. */
export type What =
  | { kind: 'phase'; phase: Phase }
  | { kind: 'empty' }
  | { kind: 'load'; batch: string; code: string; override: string }
  | { kind: 'unload'; batch: string; zone: string; place: string }
  | { kind: 'handover'; batch: string; from: string; to: string; productC: number | null; outcome: 'accepted' | 'accepted-with-reservation' | 'refused'; note: string; zone: string; place: string }
  | { kind: 'step'; alarm: string; step: StepName }

export interface Refusal {
  code: string
  text: Label
}

export interface Act {
  /** The idempotency key. */
  id: string
  /** Grows with each action of this device. */
  n: number
  /** When it was done, by the county's clock as far as this device knows it; RFC 3339. */
  at: string
  actor: string
  truck: string
  box: string
  what: What
  /** The county will not have it; it waits for a person to read why. */
  refused?: Refusal
}

/** Why sending has stopped: only a person can go on. */
export interface Need {
  kind: 'sign-in' | 'pin'
  /** In the county's word. */
  code: string
  /** Whose digits. */
  actor: string
  text: Label
}

/** Gives one action to the county; an ApiError says why not. */
export type Carry = (act: Act) => Promise<void>

const sameTap = 10_000 // ms within which one finger pressed twice

export const acts = ref<Act[]>([])
export const waiting = computed(() => acts.value.filter((a) => !a.refused))
export const refusals = computed(() => acts.value.filter((a) => a.refused))
export const need = ref<Need | null>(null)
/** Actions are not kept on this device: it says so, and they are lost when the page is closed. */
export const unkept = ref(false)
/** Grows with each action that the county took. */
export const taken = ref(0)

let read: Promise<void> | null = null

/** Reads what an earlier visit left. */
export function openQueue(): Promise<void> {
  read ??= all<Act>('acts').then(
    (kept) => {
      const here = new Set(acts.value.map((a) => a.id))
      acts.value = [...kept.filter((a) => !here.has(a.id)), ...acts.value].sort((a, b) => a.n - b.n)
    },
    () => {
      unkept.value = true
    },
  )
  return read
}

async function keep(act: Act) {
  try {
    await put('acts', act.id, JSON.parse(JSON.stringify(act)))
  } catch {
    unkept.value = true
  }
}

async function forget(act: Act) {
  acts.value = acts.value.filter((a) => a.id !== act.id)
  try {
    await drop('acts', act.id)
  } catch {
    unkept.value = true // sent again after a reload, which the key makes harmless
  }
}

const randomKey = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join('-')

/** Keeps an action, done at `at`; null when the same was just pressed. It is on the device when this returns. */
export async function add(by: { actor: string; truck: string; box: string }, what: What, at: number): Promise<Act | null> {
  await openQueue()
  const last = waiting.value[waiting.value.length - 1]
  if (last && at - Date.parse(last.at) < sameTap && last.truck === by.truck && JSON.stringify(last.what) === JSON.stringify(what)) return null
  const n = acts.value.reduce((most, a) => Math.max(most, a.n), 0) + 1
  const act: Act = { id: randomKey(), n, at: new Date(at).toISOString(), ...by, what }
  acts.value = [...acts.value, act]
  await keep(act)
  return act
}

/** A person has read why an action was refused. */
export const dismiss = (act: Act): Promise<void> => forget(act)

/** A refused action once more, done at its own time, with what was missing. */
export async function again(act: Act, what: What): Promise<void> {
  await openQueue()
  const fresh: Act = { ...act, id: randomKey(), what, refused: undefined }
  await forget(act)
  acts.value = [...acts.value, fresh].sort((a, b) => a.n - b.n)
  await keep(fresh)
}

const transient = (e: ApiError) => e.code === 'unreachable' || e.status >= 500 || e.status === 429

/** Two tabs of one device do not send the same queue at once, where the browser can tell. */
function alone(f: () => Promise<boolean>): Promise<boolean> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks
  return locks ? locks.request('coldchain.queue', { ifAvailable: true }, async (lock) => (lock ? f() : false)) : f()
}

let sending = false

/** Sends what waits, in order, until it is done, the signal is gone or a person is needed. True: nothing waits any more. */
export async function flush(carry: Carry): Promise<boolean> {
  await openQueue()
  if (sending) return false
  sending = true
  try {
    return await alone(() => sendAll(carry))
  } finally {
    sending = false
  }
}

async function sendAll(carry: Carry): Promise<boolean> {
  need.value = null
  for (;;) {
    const act = waiting.value[0]
    if (!act) return true
    try {
      await carry(act)
      await forget(act)
      taken.value++
    } catch (e) {
      if (!(e instanceof ApiError)) throw e // a mistake of this page: the action stays
      const digits = e.code.startsWith('pin-')
      if (digits || e.status === 401) {
        need.value = { kind: digits ? 'pin' : 'sign-in', code: e.code, actor: act.actor, text: e.text }
        return false
      }
      if (transient(e)) return false
      const refused = { ...act, refused: { code: e.code, text: e.text } }
      acts.value = acts.value.map((a) => (a.id === act.id ? refused : a))
      await keep(refused)
    }
  }
}
