import type { OperationsAnswer, QuarantineAnswer } from './operations'
import type { Alarm, AlarmsAnswer, Batch, BatchesAnswer, Label, ReadingsAnswer, SitesAnswer, ZonesAnswer } from './types'

/** A refusal or failure, in words for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly text: Label,
  ) {
    super(text.en)
  }
}

const unreachable = new ApiError('unreachable', {
  zh: '连不上服务器，请检查网络后再试',
  en: 'The server cannot be reached; check the network and try again',
})

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetch('/api/v1/' + path, init)
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
    throw new ApiError(e?.code ?? String(response.status), { zh: e?.message_zh ?? '出错了', en: e?.message_en ?? 'Something failed' })
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
export const getBatches = (f: { search?: string; zone?: string }, signal?: AbortSignal) =>
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

export function acknowledge(id: string, token: string) {
  return ask<{ now: string; alarm: Alarm }>(`alarms/${encodeURIComponent(id)}/acknowledge`, {
    method: 'POST',
    headers: { Authorization: 'Bearer ' + token },
  })
}
