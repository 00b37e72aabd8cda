// What gateway/web answers to who answers for the county: the audit and the
// calibrations, field by field as it writes them.
import type { Due } from '../model/desk'
import { ask } from './client'

export interface AuditEntry {
  seq: number
  at: string
  kind: 'person' | 'token' | 'system'
  who: string
  action: string
  object: string
  detail: Record<string, unknown> | null
  hash: string
}

export interface AuditFilter {
  who?: string
  action?: string
  object?: string
  from?: string
  to?: string
  before?: string
}

export function getAudit(f: AuditFilter) {
  const pairs = (Object.keys(f) as (keyof AuditFilter)[]).filter((k) => f[k]).map((k) => k + '=' + encodeURIComponent(f[k] as string))
  return ask<{ now: string; entries: AuditEntry[]; next: number | null }>('audit' + (pairs.length ? '?' + pairs.join('&') : ''))
}

export const getCalibrations = () => ask<{ now: string; points: Due[] }>('calibrations')
