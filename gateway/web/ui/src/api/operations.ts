// What gateway/web answers about the county's own machinery. A field that is
// not there is something the gateway's program does not tell.
import type { Gateway } from './types'

export interface GatewayReport extends Gateway {
  offline_since: string | null
  version?: string
  boot?: string
  clock?: string
  backlog?: number
  bytes_today?: number
  bytes_per_day?: number
  skew_s?: number
  depth?: number
}

/** A third-party sender, since the collector started. */
export interface SourceReport {
  name: string
  class: string
  live: boolean
  last: string | null
  messages: number
  readings: number
  empty: number
  unconfirmed: number
  left: number
  lost: number
  refused: Record<string, number>
}

export interface QuarantineCount {
  reason: string
  total: number
  repeated: number
  dropped: number
}

export interface GapTotal {
  cause: string
  gaps: number
  gateways: number
  readings: number
  length_s: number
}

export interface Retention {
  began: string | null
  ended: string | null
  oldest: string | null
  readings: number
  rollups: number
  waiting: number
  failure?: string
  frozen: number
  uncopied: number
}

export interface GatewayEntry {
  at: string
  site: string
  gateway: string
  name: string
  detail: Record<string, string>
}

export interface OperationsAnswer {
  now: string
  health: string
  gateways: GatewayReport[]
  sources: SourceReport[]
  quarantine: QuarantineCount[]
  gaps_from: string
  gaps: GapTotal[]
  events: GatewayEntry[]
  store: { kind: string; ok: boolean; failure?: string }
  backup: { at: string; where: string } | null
  retention: Retention
}

export interface QuarantineEntry {
  at: string
  last_at: string
  seen: number
  gateway: string
  topic: string
  epoch?: string
  sequence?: string
  point?: string
  reason: string
  detail: string
  excerpt: string
  payload_size: number
}

export interface QuarantineAnswer {
  now: string
  entries: QuarantineEntry[]
}
