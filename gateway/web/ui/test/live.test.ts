import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { listen, type LiveHandlers } from '../src/api/live'

/** An EventSource that says what the test has it say. */
class Source extends EventTarget {
  static CLOSED = 2
  static last: Source
  readyState = 1
  onerror: (() => void) | null = null
  constructor(readonly url: string) {
    super()
    Source.last = this
  }
  say(kind: string, data: unknown) {
    this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify(data) }))
  }
  close() {
    this.readyState = Source.CLOSED
  }
}

beforeEach(() => {
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('EventSource', Source)
})
afterEach(() => vi.unstubAllGlobals())

function heard() {
  const calls: string[] = []
  const on = new Proxy({}, { get: (_, name: string) => (...given: unknown[]) => calls.push(`${name} ${JSON.stringify(given)}`) }) as LiveHandlers
  return { calls, on }
}

it('asks for everything after hello, and goes on after resumed', () => {
  const { calls, on } = heard()
  const end = listen(on)
  Source.last.say('hello', { now: '1' })
  Source.last.onerror?.() // the browser opens it again by itself
  Source.last.say('resumed', { now: '2' })
  Source.last.say('alarm', { now: '3', alarms: [] })
  expect(calls).toEqual(['hello ["1"]', 'lost []', 'resumed ["2"]', 'alarms [[],"3"]'])
  end()
})
