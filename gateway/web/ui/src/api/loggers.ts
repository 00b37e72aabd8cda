import type { By } from './people'
import { ask } from './client'
import type { DossierAnswer } from './custody'
import type { Envelope, Label } from './types'

// Files of loggers that travelled with a batch, as package alerting/batch has them.

export interface ReadAs { unit: string; zone: string; dates?: string; column: string; encoding: string }
export interface LoggerFile {
  number: number
  file: string
  name: string
  from: string
  to: string
  method: string
  read_as: ReadAs
  points: number
  missing: number
  interval_s: number
  min_c: number
  max_c: number
  by: string
  at: string
  replaces?: number
  reason?: string
  replaced_by?: number
}

/** What a file holds, and what of it would count. */
export interface Found { start: string; end: string; points: number; zoned: boolean; notes: Label[]; counts: LoggerFile }
/** What a file leaves open. */
export interface Choices { what: 'unit' | 'dates' | 'column' | 'encoding'; zh: string; en: string; choices: string[] }
export interface Look { found?: Found; undecided?: Choices }

const path = (id: string) => 'batches/' + encodeURIComponent(id) + '/loggers'

function post<T>(id: string, fields: Record<string, string>, file: File | null, key: string): Promise<T> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value)
  if (file) form.append('file', file)
  return ask<T>(path(id), { method: 'POST', headers: { 'Idempotency-Key': key }, body: form })
}

/** Asks what is in a file; nothing is attached. */
export const lookAtLogger = (id: string, fields: Record<string, string>, file: File, key: string) => post<Look>(id, { ...fields, check: 'true' }, file, key)

/** Attaches a file, or takes one back without; the answer is the dossier as it is then. */
export const attachLogger = (id: string, fields: Record<string, string>, file: File | null, by: By, key: string) =>
  post<DossierAnswer>(id, { ...fields, actor: by.actor, pin: by.pin ?? '' }, file, key)

export const getLoggerValues = (id: string, number: number, signal?: AbortSignal) => ask<{ file: LoggerFile; values: Envelope }>(path(id) + '/' + number, { signal })
