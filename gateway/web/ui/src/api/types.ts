// The API's answers, field by field as gateway/web writes them. Times are
// RFC 3339 strings; a null value is a reading without one, never a zero.
import type { Answered } from './people'

export interface Label {
  zh: string
  en: string
}

export type SiteKind = 'centre' | 'township-store' | 'village-station' | 'truck'

export interface Gateway {
  name: string
  site: string
  online: boolean
  last_seen: string | null
  undelivered: number
  faults?: string[]
  /** Records that wait at the gateway for a clock; until then, what it shows of them. */
  held?: number
  local_alarm?: boolean
  provisional?: Provisional[]
}

/** A value that is shown and counts for nothing: its time is reckoned from its age. */
export interface Provisional {
  point: string
  t: string
  v: number | null
  q: 'good' | 'uncertain' | 'bad'
  reason?: string
  outside?: boolean
}

/** What keeps the collector itself from working as it should. */
export interface Trouble {
  code: string
  text: string
}

export interface Site {
  id: string
  kind: SiteKind
  name: Label
  latitude: number | null
  longitude: number | null
  /** null where third parties alone measure */
  gateway: Gateway | null
  zones: string[]
}

export interface County {
  id: string
  name: Label
  notice: Label
  timezone: string
  stale_after_s: number
  writable: boolean
}

export interface SitesAnswer {
  now: string
  county: County
  sites: Site[]
  trouble: Trouble | null
}

/** What a point can measure, in the order of the points of a zone. */
export const quantities = [
  'temperature', 'humidity', 'door', 'defrost', 'compressor', 'mains', 'generator', 'battery-ok',
  'battery-voltage', 'set-point', 'latitude', 'longitude',
] as const
export type Quantity = (typeof quantities)[number]

/** The quantities that are 0 or 1 and shown as a word. */
export type Switch = Extract<Quantity, 'door' | 'defrost' | 'compressor' | 'mains' | 'generator' | 'battery-ok'>

/** Why a reading is not good. A newer server may know more of them. */
export const reasons = [
  'timeout', 'unreachable', 'crc', 'nack', 'short-read', 'bad-answer', 'device-fault', 'device-busy', 'config-fault',
  'sensor-fault', 'status-unread', 'out-of-range', 'cancelled', 'not-supported', 'flat-line', 'clock-unsynced', 'received-time', 'no-fix',
  'imprecise', 'rate', 'disagree', 'swapped', 'neighbour-value', 'calibration-expired',
] as const
export type Reason = (typeof reasons)[number]

export type PointStatus = 'ok' | 'out' | 'unknown' | 'fault'

export interface Reading {
  t: string
  v: number | null
  q: 'good' | 'uncertain' | 'bad'
  reason?: string
}

export interface Point {
  id: string
  zone: string
  quantity: Quantity
  unit: string
  status: PointStatus
  /** the third party that measures it, instead of the site's gateway */
  sender?: string
  received: string | null
  reading: Reading | null
}

export interface Limit {
  side: 'high' | 'low'
  level: 'warning' | 'excursion'
  value: number
  delay_s: number
  /** Of a sum of times: over how long they are added up. */
  within_s?: number
  /** A value equal to the limit is beyond it. */
  reached?: boolean
}

export interface Envelope {
  from: string
  step_s: number
  min: (number | null)[] | null
  max: (number | null)[] | null
  mean: (number | null)[] | null
  faults?: { bucket: number; reason: string }[]
  /** Buckets in which at least one value is uncertain. */
  doubts?: { bucket: number; reason: string }[]
}

export interface Product {
  /** null: nobody can say. */
  v: number | null
  t: string | null
  time_constant_s: number
  limits: Limit[]
}

/** What a truck does, in the order of a trip. */
export const phases = ['idle', 'conditioning', 'loading', 'in-transit', 'unloading', 'returning'] as const
export type Phase = (typeof phases)[number]
export type Load = 'empty' | 'loaded' | 'unknown'
export type DisuseKind = 'switched-off' | 'empty'

export interface Disuse {
  id: string
  zone: string
  kind: DisuseKind
  from: string
  until: string
  reason: string
  by: string
}

export interface Truck {
  phase: Phase
  since: string | null
  /** what the evidence says; by corrected it */
  inferred: Phase
  by: string
  load: Load
  load_since: string | null
  armed: boolean
  moving: boolean
  /** the site where it stands; empty elsewhere */
  place: string
}

/** How a zone is used. An older server says nothing of it. */
export interface Use {
  disuse?: Disuse | null
  truck?: Truck | null
  /** whether limits of goods hold: armed, or in ISA-18.2's words */
  limits_state?: 'armed' | 'out-of-service' | 'suppressed'
}

export interface Zone extends Use {
  id: string
  site: string
  kind: string
  name: Label
  main?: string
  limits: Partial<Record<Quantity, Limit[]>>
  points: Point[]
  /** The goods' temperature, estimated from the air; absent where it is not. */
  product?: Product
  spark: Envelope | null
  recent: Envelope | null
}

export interface ZonesAnswer {
  now: string
  history: 'ok' | 'omitted' | 'unavailable'
  zones: Zone[]
}

export interface ExposedBatch {
  id: string
  product: string
  quantity: string
  owner: string
  from: string
  to: string | null
}

/** What an alarm can be about. */
export const rules = [
  'high-limit', 'low-limit', 'high-total', 'low-total',
  'product-high', 'product-low', 'estimate-high', 'estimate-low', 'silence', 'sensor-fault', 'site-silent', 'door-open', 'mains-lost', 'defrost-long', 'battery-low',
  'store-failing', 'gateway-twin', 'gateway-silent', 'bus-fault', 'device-fault', 'humidity', 'condensation', 'rate-of-rise', 'pull-down',
  'compressor-silent', 'off-with-goods', 'clock-wrong', 'calibration-expired', 'disk-filling', 'channel-fails', 'drill-missed', 'report-late', 'spoilage',
] as const
export type Rule = (typeof rules)[number]

export interface Alarm extends Answered {
  id: string
  rule: Rule
  object: string
  site: string
  zone: string
  quantity?: Quantity
  unit?: string
  level: 'warning' | 'excursion'
  class: 'live' | 'late'
  state: string
  reason?: string
  open: boolean
  start: string
  raised: string
  returned: string | null
  last_seen: string
  limit: number | null
  delay_s: number
  peak: number | null
  last_value: number | null
  batches: ExposedBatch[]
  acknowledged: { at: string; by: string; note?: string } | null
  /** How long until a more serious limit is reached; null when that cannot be told. */
  left: { limit: number; rate_per_hour: number; earliest_s: number; latest_s: number | null } | null
  /** Of spoilage: what is ahead of the batch. */
  ages?: Ages
}

/** How a batch grows old: shares are of its life. */
export interface Ages {
  at: string
  life_used: number
  life_used_max: number
  alarm_at: number
  present_c: number | null
  remaining_days: number | null
  remaining_days_min: number | null
  deliver_by?: string
  reasons?: string[]
  notes?: string[]
}

/** What is written down of a batch; what the page does not know is kept. */
export interface Details {
  deliver_by?: string
  [other: string]: unknown
}

export interface AlarmsAnswer {
  now: string
  alarms: Alarm[]
  truncated: boolean
}

export interface Custody {
  zone: string
  from: string
  to: string | null
  /** why it came where it did not agree, and what that was */
  override?: string
  marks?: string[]
  /** where it lay unmonitored by design, and how a courier took it */
  place?: string
  courier?: Courier
}

export interface Courier {
  firm?: string
  packing_c: number | null
  ice: number
  waybill: string
}

export interface Batch {
  id: string
  product: string
  profile: string
  quantity: string
  owner: string
  created: string
  zone: string
  place?: string
  closed?: string
  /** Six digits that stand for it while it is not closed; an older server has none. */
  short?: string
  custody: Custody[]
  /** What is ahead of it; missing when nothing is known. */
  ages?: Ages
}

/** How a batch stands for who decides on it. */
export interface Standing {
  decision: 'undecided' | 'on-hold' | 'released' | 'partially-released' | 'rejected'
  /** The newest verdict waits for its second person. */
  waits: boolean
  open_alarms: number
  /** Open or not. */
  excursions: number
}
export type ListedBatch = Batch & { standing: Standing }

export interface BatchesAnswer {
  now: string
  batches: ListedBatch[]
  truncated: boolean
}

export interface ReadingsAnswer {
  now: string
  point: string
  quantity: Quantity
  unit: string
  from: string
  to: string
  gap_after_s: number
  truncated: boolean
  readings?: Reading[]
  envelope?: Envelope
}
