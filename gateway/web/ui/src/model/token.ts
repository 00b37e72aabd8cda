// How a change goes: sent, and shown as the server answers it. Nothing is shown
// as done before that. Who is signed in lets it in (model/session.ts).

import { ref } from 'vue'
import { ApiError, takeStep } from '../api/client'
import type { By, StepName } from '../api/people'
import type { Label } from '../api/types'
import { takeAlarms } from './county'

export const busy = ref<string | null>(null)
export const refusal = ref<{ key: string; code: string; text: Label } | null>(null)

/** Whether what was refused belongs to one of these keys. */
export const refusedFor = (...keys: string[]) => (refusal.value && keys.includes(refusal.value.key) ? refusal.value : null)

/** Failures as a page shows them: never an empty one. */
export const failureOf = (e: unknown): ApiError => (e instanceof ApiError ? e : new ApiError('failed', { zh: String(e), en: String(e) }))

/** Carries out a change. */
export async function attempt(what: string, send: () => Promise<void>) {
  refusal.value = null
  busy.value = what
  try {
    await send()
  } catch (e) {
    const failed = failureOf(e)
    refusal.value = { key: what, code: failed.code, text: failed.text }
  } finally {
    busy.value = null
  }
}

/** What a step of an alarm is called here. */
export const stepKey = (alarm: string, step: StepName) => alarm + '/' + step

export function pressStep(alarm: string, step: StepName, by: By, took?: (now: string) => void) {
  void attempt(stepKey(alarm, step), async () => {
    const answer = await takeStep(alarm, step, by)
    takeAlarms([answer.alarm])
    took?.(answer.now)
  })
}
