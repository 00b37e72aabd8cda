// How the monthly report stands. Asked for now and then: it changes twice a month.

import { ref } from 'vue'
import { getFiling } from '../api/client'
import type { Filing } from '../api/reports'

export const filing = ref<Filing | null>(null)

/** Asks anew; a server without reports leaves it as it was. */
export async function readFiling() {
  try {
    filing.value = await getFiling()
  } catch {
    // the county's page does without
  }
}

/** For so long after its draft a report that is not sent is told of on the county's page. */
const toldFor = 10 * 86_400_000

/** Whether the county's page has to tell of it. */
export const waits = (f: Filing | null, now: number): boolean => f !== null && f.state !== 'sent' && now - Date.parse(f.ready) < toldFor
