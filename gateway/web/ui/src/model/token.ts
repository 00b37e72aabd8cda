// The secret for changes, asked for once while the browser stays open, and how
// a change goes: sent, and shown as the server answers it. Nothing is shown as
// done before that.

import { ref } from 'vue'
import { ApiError, takeStep } from '../api/client'
import type { By, StepName } from '../api/people'
import type { Label } from '../api/types'
import { takeAlarms } from './county'

const key = 'coldchain.token'

let memory = '' // where storage is refused

function stored(): string {
  try {
    return sessionStorage.getItem(key) ?? memory
  } catch {
    return memory
  }
}

function keep(token: string) {
  memory = token
  try {
    if (token) sessionStorage.setItem(key, token)
    else sessionStorage.removeItem(key)
  } catch {
    // memory is enough until the page is closed
  }
}

/** The token that was typed before in this browser session; empty when none was. */
export const knownToken = () => stored()

type Send = (token: string) => Promise<void>

/** The change for which the token is being asked, if any, by its key. */
export const asking = ref<string | null>(null)
export const busy = ref<string | null>(null)
export const refusal = ref<{ key: string; code: string; text: Label } | null>(null)
let waiting: Send | null = null

/** Whether what was refused belongs to one of these keys. */
export const refusedFor = (...keys: string[]) => (refusal.value && keys.includes(refusal.value.key) ? refusal.value : null)

/** Failures as a page shows them: never an empty one. */
export const failureOf = (e: unknown): ApiError => (e instanceof ApiError ? e : new ApiError('failed', { zh: String(e), en: String(e) }))

/** Carries out a change at once when the token is known, else asks for it first. */
export async function attempt(what: string, send: Send, typed?: string) {
  const token = typed ?? stored()
  refusal.value = null
  waiting = send
  if (!token) {
    asking.value = what
    return
  }
  busy.value = what
  try {
    await send(token)
    keep(token)
    asking.value = null
  } catch (e) {
    const failed = failureOf(e)
    refusal.value = { key: what, code: failed.code, text: failed.text }
    if (failed.code === 'wrong-token') {
      keep('')
      asking.value = what
    } else {
      if (failed.code !== 'unreachable') asking.value = null
    }
  } finally {
    busy.value = null
  }
}

/** The same change again, with the token that was just typed. */
export async function attemptWith(typed: string) {
  if (asking.value && waiting) await attempt(asking.value, waiting, typed)
}

/** What a step of an alarm is called here. */
export const stepKey = (alarm: string, step: StepName) => alarm + '/' + step

export function pressStep(alarm: string, step: StepName, by: By, took?: (now: string) => void) {
  void attempt(stepKey(alarm, step), async (token) => {
    const answer = await takeStep(alarm, step, by, token)
    takeAlarms([answer.alarm])
    took?.(answer.now)
  })
}
