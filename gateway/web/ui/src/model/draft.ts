// The roster and the plan while somebody edits them: what the server knows, and
// a copy that is changed until it is saved as a whole.

import { computed, ref, shallowRef } from 'vue'
import { getPeople, putPeople } from '../api/client'
import type { PeopleAnswer, Plan, Roster } from '../api/people'
import type { Label } from '../api/types'
import { asMe } from './name'
import { attempt, failureOf, refusedFor } from './token'

const key = 'people'

export const known = shallowRef<PeopleAnswer | null>(null)
/** null: nothing has been changed. */
const changed = shallowRef<{ roster: Roster; plan: Plan; version: number } | null>(null)
export const failure = ref<Label | null>(null)
export const justSaved = ref(false)

export const roster = computed<Roster>(() => changed.value?.roster ?? known.value?.roster ?? { persons: [] })
export const plan = computed<Plan | null>(() => changed.value?.plan ?? known.value?.plan ?? null)
export const dirty = computed(() => changed.value !== null)
export const refused = computed(() => refusedFor(key))

export async function loadPeople() {
  try {
    known.value = await getPeople()
    failure.value = null
  } catch (e) {
    failure.value = failureOf(e).text
  }
}

/** Keeps a change for saving. The version is that of the first look: whoever saved since then is not overwritten. */
export function change(what: { roster?: Roster; plan?: Plan }) {
  const now = known.value
  const base = changed.value ?? (now && { roster: now.roster, plan: now.plan, version: now.version })
  if (!base) return
  changed.value = { ...base, ...what }
  justSaved.value = false
}

/** Drops what was changed and shows the newest. */
export async function discard() {
  changed.value = null
  await loadPeople()
}

export function save() {
  asMe('', (by) => void attempt(key, async () => {
    if (!changed.value) return
    known.value = await putPeople(changed.value, by)
    changed.value = null
    justSaved.value = true
  }))
}

export const saveKey = key
