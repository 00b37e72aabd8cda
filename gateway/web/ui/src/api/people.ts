// What gateway/web answers about the people behind alarms: who answered, who
// was told, the roster and the plan. Field by field as it writes them.
import type { Alarm, Label } from './types'

/** The four steps towards the end of an alarm, in their order. */
export const stepNames = ['acknowledged', 'on-the-way', 'on-site', 'handled'] as const
export type StepName = (typeof stepNames)[number]

export interface Step {
  step: StepName
  by: string
  at: string
  note?: string
}

/** One message to one person. */
/** What an alarm's site said of it, by its own judging. */
export interface SiteEvent {
  event: 'alarm-raised' | 'alarm-escalated' | 'alarm-returned' | 'alarm-silenced' | 'alarm-told'
  at: string
  by: string
  /** Judged by the same readings and limits as at the county. */
  same: boolean
}

export interface Told {
  person: string
  name: string
  channel: string
  kind: string
  at: string
  state: 'taken' | 'waiting' | 'failed' | 'expired' | 'cancelled'
  why?: string
}

export interface Closing {
  cause: string
  action: string
  outcome: string
  note?: string
  by: string
  at: string
  severe: boolean
  signed_by: string
  signed_at: string | null
}

/** What an alarm says about people; all of it is missing from an older server. */
export interface Answered {
  steps?: Step[]
  /** Only of one alarm asked for by its id, as is next. */
  told?: Told[]
  at_site?: SiteEvent[]
  /** For how long a defrost or an open door held its warning back, s. */
  masked_s?: number
  folded?: number
  /** The state with what is held back: shelved, suppressed, out-of-service. */
  standing?: string
  todo?: Label[]
  next?: { at: string; who: string[] } | null
  closing?: Closing | null
  /** Of a late alarm: what the quality officer has said to it. */
  looked?: { by: string; at: string; note: string; grown: boolean } | null
  shelved?: { until: string; reason: string; by: string } | null
  repairer?: { name: string; phone: string } | null
}

export interface AlarmAnswer {
  now: string
  alarm: Alarm
}

export interface Word extends Label {
  code: string
}

export interface ClosingWords {
  causes: Word[]
  actions: Word[]
  outcomes: Word[]
}

export const roles = ['keeper', 'deputy', 'county-duty', 'repairer', 'manager', 'quality', 'driver'] as const
export type Role = (typeof roles)[number]

/** Monday first, as people here write a week. */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof weekdays)[number]

/** A part of a day, "22:00" to "06:00". */
export interface Span {
  from: string
  to: string
}

export interface Person {
  id: string
  name: string
  /** Digits with the country code. */
  phone?: string
  email?: string
  roles: Role[]
  /** Those served; none: all. */
  sites?: string[]
  hours?: Partial<Record<Weekday, Span[]>>
  quiet?: Span | null
  holidays?: string[]
  away_until?: string
  language?: string
}

export interface Roster {
  persons: Person[]
  holidays?: string[]
}

/** delay as Go writes a duration: "5m0s". */
export interface Stage {
  delay: string
  roles: Role[]
}

export interface Chain {
  stages: Stage[]
  round: string
  channels: string[] | null
  take: number
}

export interface Plan {
  critical: Chain
  warning: Chain
  ack_pause: string
  on_site: string
  cap: number
  reserve: number
  digest: string
  least_named: number
  drill: { day: Weekday; at: string; answer: string; off?: boolean }
  morning: { at: string; off?: boolean }
  [more: string]: unknown
}

/** Who does something: a name, and for somebody of the roster his PIN. */
export interface By {
  actor: string
  pin?: string
}

export interface PeopleAnswer {
  version: number
  /** Ids of those who have a PIN. */
  pins?: string[]
  roster: Roster
  plan: Plan
  lacks: (Label & { site: string })[]
  /** false: no channel is set up and nobody is told. */
  telling: boolean
}

export interface Outage {
  id: string
  /** A site, "site/zone" or a point. */
  object: string
  kind: 'outage' | 'maintenance'
  from: string
  until: string
  reason: string
  by: string
}

export interface Drill {
  at: string
  persons: { person: string; name: string; told_at: string | null; answered_at: string | null; seconds: number | null }[]
}

export interface Channel {
  name: string
  kind: string
  proved_at: string | null
  taken_7d: number
  failed_7d: number
  last_error: string | null
}
