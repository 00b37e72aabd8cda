import type { By } from './people'
import { ApiError, ask, send } from './client'
import type { LoggerFile } from './loggers'
import type { Courier, Label } from './types'

// What is written down of a batch, as package alerting/batch has it.

export interface Party { name: string; code?: string }
export interface Code { kind: string; value: string; lot?: string }
export interface Document { kind: string; number: string; date: string; file?: string; name?: string }
export interface Inspection { at: string; item: string; method: string; value: string; limit: string; pass: boolean; by: string; file?: string }
export type Outcome = 'accepted' | 'accepted-with-reservation' | 'refused'
export interface Handover { at: string; from: string; to: string; product_c: number | null; method?: string; outcome: Outcome; note?: string; file?: string }
export interface Manual { at: string; zone?: string; value_c: number; class: string; method: string; by: string; file?: string }
export interface Link { parent: string; child: string; relation: string; quantity?: string; at: string; ended?: string }
export type Decision = 'undecided' | 'on-hold' | 'released' | 'partially-released' | 'rejected'
export interface Verdict { version: number; decision: Decision; reason: string; quantity?: string; by: string; at: string; severe?: boolean; second?: string; second_at?: string }
export interface Stay { zone: string; place?: string; from: string; to?: string; courier?: Courier }
export interface Correction { version: number; stays: Stay[]; reason: string; by: string; at: string }
export interface Objection { word: string; holds: boolean; zh: string; en: string }

export interface Dossier {
  id: string
  product: string
  profile: string
  quantity: string
  details: { owner: Party; keeper: Party; carrier: Party; born?: string; codes: Code[] | null }
  stays: Stay[]
  closed?: string
  documents: Document[]
  inspections: Inspection[]
  handovers: Handover[]
  manual: Manual[]
  loggers: LoggerFile[]
  links: Link[]
  verdicts: Verdict[]
  corrections: Correction[]
}

export interface DossierAnswer {
  now: string
  dossier: Dossier
  verdict: Verdict
  against: Objection[]
  rule: { documents: string[]; coverage: number; longest_gap_s: number }
  left: string
}

export interface Part {
  batch: string
  product: string
  quantity: string
  depth: number
  from?: string
  relation?: string
  took?: string
  mixed?: boolean
  where: string
  left?: string
  courier?: Courier
  decision: Decision
  balance?: string
}

export const documentKinds = ['quarantine-certificate', 'meat-inspection', 'conformity-promise', 'test-report', 'other'] as const
export const methods = ['surface', 'between-packs', 'core'] as const
export const outcomes: Outcome[] = ['accepted', 'accepted-with-reservation', 'refused']
export const decisions: Decision[] = ['released', 'partially-released', 'on-hold', 'rejected']

/** What a batch went through, as package alerting/exposure has it. */
export interface Run { from: string; to: string; peak_c: number }
export interface Side { limit_c: number; seconds: number; events: number; peak_c: number | null; runs?: Run[] }
export interface Gap { from: string; to: string; seconds: number; cause: string }
export interface Summary { points: number; min_c: number | null; max_c: number | null; mean_c: number | null; above: Side | null; below: Side | null; gaps: Gap[] | null; coverage: number; duration_s: number; method: string }
export interface Interval { zone: string; kind: string; from: string; to: string; basis: string; point: string; summary: Summary; hand?: { at: string; value_c: number; by: string }[]; imported?: ImportedLog[]; imported_s?: number }
/** What a logger's file says of an interval, apart from what was measured. */
export interface ImportedLog { batch: string; number: number; file: string; name: string; method: string; by: string; summary: Summary; beside?: { points: number; apart: number; farthest_difference_c: number; farthest_at: string } }
export interface ImportedTotal { seconds: number; points: number; min_c: number | null; max_c: number | null }
export interface Life { life_used: number; life_used_max: number; remaining_days_at_reference: number | null; reference_c: number; notes?: string[] }
export interface Exposure { as_of: string; version: number; intervals: Interval[] | null; total: Summary; unmonitored_s: number; monitored_until?: string; life?: Life; imported?: ImportedTotal }

export interface Certificate { number: string; version: number; made: string; by: string; sha256: string; page: string; reason: string
  timestamp: { state: 'none' | 'asked' | 'there'; at: string | null; problem: string } }

/** A share as a page shows it: 99.96 % is not all. */
export const share = (v: number) => (Math.floor(v * 1000) / 10).toString() + ' %'

/** The name under which a request may be sent again. Old WebViews and plain http have no randomUUID. */
export const freshKey = () => Date.now().toString(36) + Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2)

const path = (id: string, what: string) => 'batches/' + encodeURIComponent(id) + '/' + what

export const getDossier = (id: string) => ask<DossierAnswer>(path(id, 'dossier'))
export const getRecall = (id: string) => ask<{ now: string; parts: Part[] }>(path(id, 'recall'))

export const getExposure = (id: string, signal?: AbortSignal) => ask<Exposure>(path(id, 'exposure'), { signal })
/** The list has the address of each public page: not everybody gets it. */
export const getCertificates = (id: string) => ask<{ now: string; certificates: Certificate[] }>(path(id, 'certificates'))
export const issue = (id: string, reason: string, by: By, key: string) =>
  send<{ now: string; certificate: Certificate }>('POST', path(id, 'certificates'), { reason, ...by }, key)

/** Moves a batch; the answer is the dossier as it is then. */
export async function move(id: string, where: object, by: By, key: string): Promise<DossierAnswer> {
  await send('POST', path(id, 'moves'), { ...where, ...by }, key)
  return getDossier(id)
}

/** Makes batches of a batch; the answer is its dossier. */
export const derive = (entry: object, by: By, key: string) => send<DossierAnswer>('POST', 'derivations', { ...entry, ...by }, key)

/** Writes one thing down; the answer is the dossier as it is then. */
export const enter = (id: string, what: string, entry: object, by: By, key: string) =>
  send<DossierAnswer>('POST', path(id, what), { ...entry, ...by }, key)

/** Sends a photo or a paper and returns its SHA-256. */
export async function sendFile(file: File): Promise<string> {
  return (await ask<{ sum: string }>('files', { method: 'POST', body: file })).sum
}

/** Fetches a file and has the browser save it, so that a refusal is shown in words. */
export const saveFile = (sum: string, name: string) => saveFrom('files/' + sum, name)

/** The same of anything else. */
export async function saveFrom(from: string, name: string) {
  const r = await fetch('/api/v1/' + from)
  if (!r.ok) throw new ApiError(String(r.status), { zh: '文件打不开', en: 'The file cannot be opened' })
  const blob = await r.blob()
  const url = URL.createObjectURL(blob)
  const a = document.createElement('a')
  a.href = url
  a.target = '_blank'
  a.download = name || from.slice(-12) + (blob.type === 'application/pdf' ? '.pdf' : blob.type === 'image/png' ? '.png' : '.jpg')
  a.click()
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000)
}

export interface Refusal { line: number; column?: string; batch?: string; zh: string; en: string }
export interface ImportEnd { rows: number; report: { created: number; already: number; refused: Refusal[] }; error?: { code: string; message_zh: string; message_en: string } }

/** Sends a list; told is called while it is booked. */
export async function importList(file: File, check: boolean, by: By, key: string, told: (done: number, of: number) => void): Promise<ImportEnd> {
  const form = new FormData()
  form.append('actor', by.actor)
  if (by.pin) form.append('pin', by.pin)
  form.append('check', String(check))
  form.append('file', file)
  let r: Response
  try {
    r = await fetch('/api/v1/import/batches', { method: 'POST', headers: { 'Idempotency-Key': key }, body: form })
  } catch {
    throw new ApiError('unreachable', { zh: '连不上服务器，请检查网络后再试', en: 'The server cannot be reached; check the network and try again' })
  }
  if (!r.ok) {
    const e = (await r.json().catch(() => ({}))).error
    throw new ApiError(e?.code ?? String(r.status), { zh: e?.message_zh ?? '出错了', en: e?.message_en ?? 'Something failed' })
  }
  const end = await lines(r, told)
  if (!end) throw new ApiError('broken', brokenOff)
  if (end.error) throw new ApiError(end.error.code, { zh: end.error.message_zh, en: end.error.message_en })
  return end
}

const brokenOff: Label = { zh: '传到一半断了。把同一份表格再传一次，已登记的不会重复。', en: 'It broke off. Send the same list again; nothing is booked twice.' }

async function lines(r: Response, told: (done: number, of: number) => void): Promise<ImportEnd | null> {
  let end: ImportEnd | null = null
  const take = (text: string) => {
    if (!text.trim()) return
    const x = JSON.parse(text)
    if (x.report) end = x
    else told(x.done, x.of)
  }
  if (!r.body?.getReader) {
    ;(await r.text()).split('\n').forEach(take)
    return end
  }
  const reader = r.body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    rest += decoder.decode(value, { stream: !done })
    const parts = rest.split('\n')
    rest = done ? '' : (parts.pop() ?? '')
    parts.forEach(take)
    if (done) return end
  }
}
