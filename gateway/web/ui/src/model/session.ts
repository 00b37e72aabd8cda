// Who is signed in on this page. While nobody is, the sign-in stands where the
// page would: the address stays, so that whoever signs in is where he was.

import { ref, shallowRef } from 'vue'
import { ApiError, onSignedOut } from '../api/client'
import { forgetKnown, keepSession, lastSession } from './offline'
import { changePassword, getSession, makeDevice, signIn, signOut, type Session } from '../api/session'

/** undefined: not known yet; null: nobody. */
export const session = shallowRef<Session | null | undefined>(undefined)
/** Why somebody who was signed in is not any more; empty: nobody was. */
export const ended = ref(false)

/** Whether a route may be used, at a site or anywhere; "POST /alarms/{id}/steps". */
export function may(route: string, site = ''): boolean {
  const where = session.value?.may[route]
  if (where === undefined) return false
  return where === null || !site || where.includes(site)
}

function take(s: Session) {
  // Another person's county is not shown to this one.
  const before = session.value
  void (before && before.id !== s.id ? forgetKnown() : Promise.resolve()).then(() => keepSession(s))
  session.value = s
  ended.value = false
}

onSignedOut(() => {
  if (session.value) ended.value = true
  session.value = null
  void forgetKnown()
})

/** Asks who is signed in, again and again while nobody answers. */
export async function loadSession(): Promise<void> {
  try {
    take(await getSession())
  } catch (e) {
    if (e instanceof ApiError && e.code === 'unreachable') {
      // Without signal the driver's page opens as it was left.
      const known = await lastSession()
      if (known && !session.value) session.value = known
      window.setTimeout(() => void loadSession(), 3000)
      return
    }
    session.value = null
  }
}

export async function enter(name: string, password: string) {
  take(await signIn(name, password))
}

export async function leave() {
  await signOut()
  session.value = null
  void forgetKnown()
  ended.value = false
}

export async function renew(old: string, fresh: string) {
  take(await changePassword(old, fresh))
}

/** Leaves this device signed in at a site, and whoever asks out of it. */
export async function leaveDevice(site: string, name: string) {
  take(await makeDevice(site, name))
}

/** Whether a name needs no PIN here: whoever is signed in is that person. */
export const isMe = (person: string): boolean => session.value?.kind === 'user' && !!person && session.value.person === person
