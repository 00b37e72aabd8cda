// Who holds this device: asked once, from the roster, and remembered here. A
// store's phone is shared, so the name is shown and changed with one tap.

import { ref, watch } from 'vue'
import { prove, type By } from './pin'
import { session } from './session'

const key = 'coldchain.name'

function stored(): string {
  try {
    return localStorage.getItem(key) ?? ''
  } catch {
    return '' // storage may be refused: then each visit asks
  }
}

export const me = ref(stored())
// Whoever is signed in holds the device; a shared one asks.
watch(session, (s) => (me.value = s?.kind === 'user' ? s.name : stored()))

export function setMe(name: string) {
  me.value = name
  try {
    if (name) localStorage.setItem(key, name)
    else localStorage.removeItem(key)
  } catch {
    // only this visit will know
  }
}

/** A question for a name. */
export interface Question {
  /** The site whose people come first. */
  site: string
  /** Who cannot be meant: a second person is somebody else. */
  not: string
  /** Whether the answer is whoever holds the device from now on. */
  keep: boolean
  then: (name: string) => void
}

export const question = ref<Question | null>(null)

/** Does something under the name of whoever holds this device, who proves it by his PIN. */
export function asMe(site: string, act: (by: By) => void) {
  const then = (name: string) => void prove(name, act)
  if (session.value?.kind === 'user') then(session.value.name)
  else if (me.value && session.value?.kind !== 'device') then(me.value) // on a shared device each time
  else question.value = { site, not: '', keep: true, then }
}

/** Asks anew who holds the device. */
export function askName(site = '') {
  question.value = { site, not: '', keep: true, then: () => {} }
}

/** Does something under the name of somebody who is not this one. */
export function asAnother(site: string, not: string, act: (by: By) => void) {
  question.value = { site, not, keep: false, then: (name) => void prove(name, act) }
}

export function answerName(name: string) {
  const q = question.value
  question.value = null
  if (!q || !name) return
  if (q.keep) setMe(name)
  q.then(name)
}
