// The secret for changes, asked for once while the browser stays open.

import { ref } from 'vue'
import { ApiError } from '../api/client'
import type { Label } from '../api/types'
import { answer } from './county'

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

/** The alarm for which the token is being asked, if any. */
export const asking = ref<string | null>(null)
export const busy = ref<string | null>(null)
export const refusal = ref<{ alarm: string; text: Label } | null>(null)

/** One tap: acknowledges at once when the token is known, else asks for it. */
export async function acknowledgeAlarm(id: string, typed?: string) {
  const token = typed ?? stored()
  if (!token) {
    refusal.value = null
    asking.value = id
    return
  }
  busy.value = id
  try {
    await answer(id, token)
    keep(token)
    refusal.value = asking.value = null
  } catch (e) {
    const failed = e instanceof ApiError ? e : new ApiError('failed', { zh: String(e), en: String(e) })
    refusal.value = { alarm: id, text: failed.text }
    if (failed.code === 'wrong-token') {
      keep('')
      asking.value = id
    } else if (failed.code !== 'unreachable') {
      asking.value = null
    }
  } finally {
    busy.value = null
  }
}
