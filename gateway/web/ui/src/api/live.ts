import type { Alarm, Batch, Gateway, Point, Trouble, Use } from './types'

/** What the event stream tells. */
export interface LiveHandlers {
  /** The stream is open: ask for everything afresh. */
  hello(now: string): void
  /** The stream goes on where it was; what was missed follows. */
  resumed(now: string): void
  lost(): void
  /** The server did not let the stream be opened. */
  refused(): void
  points(points: Point[], now: string): void
  alarms(alarms: Alarm[], now: string): void
  batches(batches: Batch[], now: string): void
  gateways(gateways: Gateway[], now: string): void
  /** Zones that are used otherwise. */
  uses(uses: (Use & { zone: string })[], now: string): void
  /** The roster, an outage, a message or a drill has changed. */
  people(now: string): void
  trouble(trouble: Trouble | null, now: string): void
  /** Nothing has changed; the server is there. */
  alive(now: string): void
}

const wait = [1000, 2000, 5000, 10000]

/** The server says at least every 15 s that it lives; a network can die without a word. */
export const silentFor = 45_000

/**
 * Listens to live events for as long as the page lives. The browser reconnects
 * by itself after a break, and says by Last-Event-ID what it heard last, but gives up
 * after a refusal (a proxy's error page), so a closed stream is opened again here, less
 * and less often. A stream that has fallen silent counts as broken.
 */
export function listen(on: LiveHandlers): () => void {
  let source: EventSource | undefined
  let timer = 0
  let watchdog = 0
  let failures = 0
  let ended = false

  function again() {
    window.clearTimeout(watchdog)
    source?.close()
    const pause = wait[Math.min(failures++, wait.length - 1)]
    timer = window.setTimeout(open, pause)
  }

  function watch() {
    window.clearTimeout(watchdog)
    watchdog = window.setTimeout(() => {
      on.lost()
      again()
    }, silentFor)
  }

  function open() {
    source = new EventSource('/api/v1/events')
    watch()
    const hear = (kind: string, act: (data: any) => void) =>
      source?.addEventListener(kind, (e) => {
        watch()
        act(JSON.parse((e as MessageEvent<string>).data))
      })
    hear('hello', (d) => {
      failures = 0
      on.hello(d.now)
    })
    hear('resumed', (d) => {
      failures = 0
      on.resumed(d.now)
    })
    hear('reading', (d) => on.points(d.points, d.now))
    hear('alarm', (d) => on.alarms(d.alarms, d.now))
    hear('batch', (d) => on.batches(d.batches, d.now))
    hear('gateway', (d) => on.gateways(d.gateways, d.now))
    hear('zone', (d) => on.uses(d.uses, d.now))
    hear('people', (d) => on.people(d.now))
    hear('trouble', (d) => on.trouble(d.trouble, d.now))
    hear('alive', (d) => on.alive(d.now))
    source.onerror = () => {
      on.lost()
      if (source && source.readyState === EventSource.CLOSED && !ended) {
        on.refused() // a stream says no status: perhaps nobody is signed in any more
        again()
      }
    }
  }
  open()
  return () => {
    ended = true
    window.clearTimeout(timer)
    window.clearTimeout(watchdog)
    source?.close()
  }
}
