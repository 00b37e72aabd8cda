import type { AlarmAnswer, By, Channel, ClosingWords, Drill, Outage, PeopleAnswer, Plan, Roster, StepName } from './people'
import type { Filing, InspectionLinks, InspectionMade, ReportKind, ReportStep } from './reports'
import type { OperationsAnswer, QuarantineAnswer } from './operations'
import type { AlarmsAnswer, Batch, BatchesAnswer, Details, Disuse, DisuseKind, Label, Phase, ReadingsAnswer, SitesAnswer, Use, ZonesAnswer } from './types'

/** A refusal or failure, in words for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly text: Label,
    /** Of HTTP; 0 where there was no answer. */
    readonly status = 0,
  ) {
    super(text.en)
  }
}

const unreachable = new ApiError('unreachable', {
  zh: '连不上服务器，请检查网络后再试',
  en: 'The server cannot be reached; check the network and try again',
})

let signedOut = () => {}
/** What happens when the server says that nobody is signed in. */
export const onSignedOut = (then: () => void) => (signedOut = then)

/** Codes by which the server says so. */
const outside = ['sign-in', 'session-over']

export async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch('/api/v1/' + path, { credentials: 'same-origin', ...init })
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw unreachable
  }
  let body: any
  try {
    body = await response.json()
  } catch {
    throw unreachable // a proxy's page, or an answer cut short
  }
  if (!response.ok) {
    const e = body?.error
    if (response.status === 401 && outside.includes(e?.code)) signedOut()
    throw new ApiError(e?.code ?? String(response.status), { zh: e?.message_zh ?? '出错了', en: e?.message_en ?? 'Something failed' }, response.status)
  }
  return body as T
}

function query(params: Record<string, string | undefined>): string {
  const pairs = Object.keys(params)
    .filter((k) => params[k])
    .map((k) => k + '=' + encodeURIComponent(params[k] as string))
  return pairs.length ? '?' + pairs.join('&') : ''
}

export const getSites = () => ask<SitesAnswer>('sites')
export const getZones = () => ask<ZonesAnswer>('zones')
export const getAlarms = (f: { state?: 'open' | 'all'; zone?: string; batch?: string; limit?: string }) =>
  ask<AlarmsAnswer>('alarms' + query(f))
export const getBatches = (f: { search?: string; zone?: string; site?: string; verdict?: string; alarms?: string; short?: string }, signal?: AbortSignal) =>
  ask<BatchesAnswer>('batches' + query(f), { signal })
export const getBatch = (id: string) => ask<{ now: string; batch: Batch }>('batches/' + encodeURIComponent(id))

export const getOperations = () => ask<OperationsAnswer>('operations')
export const getQuarantine = (limit: number) => ask<QuarantineAnswer>('quarantine' + query({ limit: String(limit) }))

/** Readings of a window: bucketed when buckets is given, else raw. */
export function getReadings(point: string, fromMs: number, toMs: number, buckets?: number, signal?: AbortSignal) {
  const params = {
    point,
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    buckets: buckets ? String(buckets) : undefined,
  }
  return ask<ReadingsAnswer>('readings' + query(params), { signal })
}

/** A request that changes something. */
export function send<T>(method: string, path: string, body: object, key = ''): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' }
  if (key) headers['Idempotency-Key'] = key
  return ask<T>(path, { method, headers, body: JSON.stringify(body) })
}

/** What is written down of a batch. */
export const getDetails = async (id: string): Promise<Details> =>
  (await ask<{ dossier: { details: Details } }>('batches/' + encodeURIComponent(id) + '/dossier')).dossier.details

/** Writes down what is known of a batch, in the place of what was. */
export function describeBatch(id: string, details: Details, by: By): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.getRandomValues(new Uint32Array(4)).join('-') }
  return ask('batches/' + encodeURIComponent(id) + '/details', { method: 'POST', headers, body: JSON.stringify({ ...details, ...by }) })
}

const alarmPath = (id: string, what = '') => 'alarms/' + encodeURIComponent(id) + what

export const getAlarm = (id: string, signal?: AbortSignal) => ask<AlarmAnswer>(alarmPath(id), { signal })
export const getClosingWords = () => ask<ClosingWords>('closing-words')

export const takeStep = (id: string, step: StepName, by: By) =>
  send<AlarmAnswer>('POST', alarmPath(id, '/steps'), { step, ...by })
export const closeAlarm = (id: string, c: { cause: string; action: string; outcome: string; note: string }, by: By) =>
  send<AlarmAnswer>('POST', alarmPath(id, '/closing'), { ...c, ...by })
export const signAlarm = (id: string, by: By) => send<AlarmAnswer>('POST', alarmPath(id, '/signature'), by)
export const shelveAlarm = (id: string, until: string, reason: string, by: By) =>
  send<AlarmAnswer>('POST', alarmPath(id, '/shelf'), { until, reason, ...by })
export const unshelveAlarm = (id: string, by: By) => send<AlarmAnswer>('DELETE', alarmPath(id, '/shelf'), by)

export const getQueue = () => ask<AlarmsAnswer>('queue')
export const lookAt = (id: string, note: string, by: By) => send<AlarmAnswer>('POST', alarmPath(id, '/look'), { note, ...by })

export const getPeople = () => ask<PeopleAnswer>('people')
export const putPeople = (p: { version: number; roster: Roster; plan: Plan }, by: By) =>
  send<PeopleAnswer>('PUT', 'people', { ...p, ...by })
const pinPath = (person: string) => 'people/' + encodeURIComponent(person) + '/pin'
export const setPIN = (person: string, fresh: string, by: By) => send<{ pins: string[] }>('PUT', pinPath(person), { new: fresh, ...by })
export const forgetPIN = (person: string, by: By) => send<{ pins: string[] }>('DELETE', pinPath(person), by)

export const getDrills = () => ask<{ now: string; drills: Drill[] }>('drills')
/** Who is called when cooling fails at a site; null: nobody can be. */
export const getContacts = (site: string) => ask<{ repairer: { name: string; phone: string } | null }>('contacts' + query({ site }))
export const getChannels = () => ask<{ now: string; channels: Channel[] }>('channels')
export const getOutages = () => ask<{ now: string; outages: Outage[] }>('outages')
export type UsesAnswer = { now: string; uses: (Use & { zone: string })[] }
export const takeOutOfUse = (d: { zone: string; kind: DisuseKind; until: string; reason: string }, by: By) =>
  send<UsesAnswer & { disuse: Disuse }>('POST', 'disuses', { ...d, ...by })
export const bringIntoUse = (id: string, by: By) => send<UsesAnswer>('DELETE', 'disuses/' + encodeURIComponent(id), by)
export const sayPhase = (truck: string, phase: Phase, by: By) => send<UsesAnswer>('POST', 'trucks/' + encodeURIComponent(truck) + '/phase', { phase, ...by })
export const sayEmpty = (truck: string, by: By) => send<UsesAnswer>('POST', 'trucks/' + encodeURIComponent(truck) + '/empty', by)
export const addOutage = (o: Omit<Outage, 'id' | 'by'>, by: By) => send<unknown>('POST', 'outages', { ...o, ...by })
export const endOutage = (id: string, by: By) => send<unknown>('DELETE', 'outages/' + encodeURIComponent(id), by)

export const getFiling = () => ask<Filing>('reports')
export const markReport = (from: string, step: ReportStep, note: string, by: By) => send<Filing>('POST', 'reports/monthly/steps', { from, step, note, ...by })
/** The address of a report: opened, not asked for. */
export const reportPath = (kind: ReportKind, q: { site?: string; date?: string; format?: string; lang?: string }) => '/api/v1/reports/' + kind + query(q)
export const getInspectionLinks = () => ask<InspectionLinks>('inspections-links')
export const makeInspectionLink = (l: { zones: string[]; from: string; to: string; until: string }, by: By) => send<InspectionMade>('POST', 'inspections-links', { ...l, ...by })
export const revokeInspectionLink = (id: string, by: By) => send<InspectionLinks>('DELETE', 'inspections-links/' + encodeURIComponent(id), by)
