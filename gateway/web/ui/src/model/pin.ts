// The four digits by which somebody proves on a shared device that the name is
// his. They are asked for each time and remembered nowhere.

import { ref } from 'vue'
import { getPeople, setPIN } from '../api/client'
import type { By, PeopleAnswer, Person } from '../api/people'
import { isMe, session } from './session'
import { attempt } from './token'

export type { By }

export const digits = 4

/** What the keys are asked for. */
export interface Pad {
  person: Person
  /** He has no PIN yet and chooses one, twice. */
  fresh: boolean
  /** Who can help if it is forgotten. */
  helpers: string[]
  then: (by: By) => void
}

export const pad = ref<Pad | null>(null)

/** Who looks after the roster, and may take a forgotten PIN away. */
export const helpersFor = (persons: Person[], id: string): string[] =>
  persons.filter((p) => p.id !== id && (p.roles.includes('manager') || p.roles.includes('county-duty'))).map((p) => p.name)

/** The person of the roster who is called so; two of one name cannot be told apart. */
export function personOf(persons: Person[], name: string): Person | null {
  const found = persons.filter((p) => p.id === name || p.name === name)
  return found.length === 1 ? (found[0] as Person) : null
}

/** Does something under a name, with the PIN if it is one of the roster's. */
export async function prove(name: string, act: (by: By) => void) {
  // Whoever is signed in has proved himself by his password; only a shared device
  // asks, and somebody else's name.
  if (session.value?.kind === 'user' && (name === session.value.name || isMe(name))) {
    act({ actor: session.value.person || session.value.name })
    return
  }
  let people: PeopleAnswer
  try {
    people = await getPeople()
  } catch {
    act({ actor: name }) // shows that nothing can be reached, and keeps its button
    return
  }
  const person = personOf(people.roster.persons, name)
  // A server without PINs says nothing about them.
  if (!person || !people.pins || isMe(person.id)) act({ actor: person?.id ?? name })
  else pad.value = { person, fresh: !people.pins.includes(person.id), helpers: helpersFor(people.roster.persons, person.id), then: act }
}

/** Whether a refusal is about the digits, so that they are asked for again. */
export const aboutPIN = (code: string): boolean => code.startsWith('pin-')

export const chooseKey = 'pin'

/** Keeps the first PIN and then does what it was asked for. */
export function choose(p: Pad, pin: string) {
  void attempt(chooseKey, async () => {
    await setPIN(p.person.id, pin, { actor: p.person.name })
    p.fresh = false
    window.setTimeout(() => p.then({ actor: p.person.name, pin }))
  })
}
