import { afterEach, beforeEach, describe, expect, it, vi, type Mock } from 'vitest'
import { listen, silentFor } from '../src/api/live'
import type { Point } from '../src/api/types'
import { wallEn, wallZh } from '../src/i18n/wall'
import { programOf, renew, type Versions } from '../src/model/version'
import { beside, fixOf, grid, hull, label, projection, shiftAt, widthOf, worstOf, type Box, type Marker } from '../src/model/wall'

const size = { w: 1000, h: 800 }
const noon = Date.parse('2026-11-23T04:00:00Z')

describe('where things stand', () => {
  const county = [{ latitude: 39.5, longitude: 107 }, { latitude: 40.6, longitude: 107 }, { latitude: 40, longitude: 109 }]
  it('north is up, and a kilometre is as long in both directions', () => {
    const p = projection(county, size, 50)
    if (!p) throw new Error('no projection')
    const [south, north, east] = county.map(p) as [ReturnType<typeof p>, ReturnType<typeof p>, ReturnType<typeof p>]
    expect(north.y).toBeLessThan(south.y)
    expect(east.x).toBeGreaterThan(north.x)
    // 1.1° north is 122 km, 2° east at 40.05° north 170 km.
    expect((east.x - north.x) / (south.y - north.y)).toBeCloseTo((2 * Math.cos((40.05 * Math.PI) / 180)) / 1.1, 3)
    for (const s of [south, north, east]) {
      expect(s.outside).toBe(false)
      expect(s.x).toBeGreaterThanOrEqual(50 - 1e-9)
      expect(s.x).toBeLessThanOrEqual(950 + 1e-9)
    }
  })
  it('what is outside stands on the edge and says so', () => {
    const p = projection(county, size, 50)
    expect(p?.({ latitude: 50, longitude: 107 })).toMatchObject({ y: 25, outside: true })
  })
  it.each([[[]], [[{ latitude: 40, longitude: 108 }]], [[{ latitude: 40, longitude: 108 }, { latitude: 40, longitude: 108 }]]])('%j is no map', (all) => {
    expect(projection(all, size, 50)).toBeNull()
  })
  it('without coordinates everybody has a cell of his own', () => {
    for (const n of [1, 2, 7, 46]) {
      const cells = grid(n, size)
      expect(new Set(cells.map((c) => c.x + ' ' + c.y)).size).toBe(n)
      for (const c of cells) expect(c.x > 0 && c.x < size.w && c.y > 0 && c.y < size.h).toBe(true)
    }
    expect(grid(0, size)).toEqual([])
  })
  it('the ground goes around the outermost', () => {
    const corners = [{ x: 0, y: 0 }, { x: 10, y: 0 }, { x: 10, y: 10 }, { x: 0, y: 10 }]
    const around = hull([{ x: 5, y: 5 }, ...corners, { x: 2, y: 7 }])
    expect(around).toHaveLength(4)
    for (const c of corners) expect(around).toContainEqual(c)
  })
})

describe("a truck's position", () => {
  const point = (quantity: 'latitude' | 'longitude', v: number | null, s = 0, q: 'good' | 'uncertain' | 'bad' = 'good'): Point => ({
    id: 't/p/' + quantity, zone: 't/p', quantity, unit: quantity.slice(0, 3), status: 'ok', received: null,
    reading: { t: new Date(noon - s * 1000).toISOString(), v, q },
  })
  it('is the last one measured, with its time', () => {
    expect(fixOf([point('latitude', 40.1, 300), point('longitude', 108.2, 300)])).toEqual({ latitude: 40.1, longitude: 108.2, at: noon - 300_000 })
  })
  it.each([
    ['half of one', [point('latitude', 40)]],
    ['two halves', [point('latitude', 40, 0), point('longitude', 108, 60)]],
    ['no fix', [point('latitude', null, 0, 'bad'), point('longitude', null, 0, 'bad')]],
    ['one in doubt', [point('latitude', 40, 0, 'uncertain'), point('longitude', 108, 0, 'uncertain')]],
    ['none', []],
  ])('%s is none', (_, points) => expect(fixOf(points)).toBeNull())
})

describe('words on the map', () => {
  const marker = (id: string, x: number, y: number, state: Marker['state'] = 'ok', kind: Marker['kind'] = 'township-store'): Marker => ({ id, kind, state, x, y, r: 20, lines: ['巴拉贡镇', '快去看'] })
  const meet = (a: Box, b: Box) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
  it('cover no other words, no other sign, and stay on the screen', () => {
    const crowd = Array.from({ length: 60 }, (_, i) => marker('m' + i, (i * 379) % 1000, (i * 617) % 800))
    const out = label(crowd, size, 27)
    const with_ = out.filter((m) => m.label)
    expect(with_.length).toBeGreaterThan(8)
    for (const a of with_) {
      const box = a.label as Box
      expect(box.x >= 0 && box.y >= 0 && box.x + box.w <= 1000 && box.y + box.h <= 800).toBe(true)
      for (const b of out) {
        if (a === b) continue
        expect(meet(box, { x: b.x - 20, y: b.y - 20, w: 40, h: 40 })).toBe(false)
        if (b.label) expect(meet(box, b.label)).toBe(false)
      }
    }
  })
  it('are given first to who needs somebody', () => {
    const narrow = { w: 320, h: 90 } // room for the words of one of the two
    const out = label([marker('a', 40, 45), marker('b', 280, 45, 'act')], narrow, 27)
    expect(out.map((m) => m.label !== null)).toEqual([false, true])
  })
  it('汉字 are wider than letters', () => expect(widthOf('镇A')).toBeCloseTo(1.6))
  it('a truck in a yard hides nothing', () => {
    const yard = [{ x: 500, y: 400, r: 20 }]
    const first = beside({ x: 500, y: 400 }, 20, yard, size)
    const second = beside({ x: 500, y: 400 }, 20, [...yard, { ...first, r: 20 }], size)
    for (const s of [first, second]) expect(Math.hypot(s.x - 500, s.y - 400)).toBeGreaterThanOrEqual(40)
    expect(Math.hypot(first.x - second.x, first.y - second.y)).toBeGreaterThanOrEqual(40)
    expect(beside({ x: 100, y: 100 }, 20, yard, size)).toEqual({ x: 100, y: 100 })
  })
  it("a site's word is its worst room's", () => {
    expect(worstOf(['ok', 'nodata', 'attention'])).toBe('attention')
    expect(worstOf(['rest', 'ok'])).toBe('ok')
    expect(worstOf([])).toBe('nodata')
  })
})

it('no line burns in: the picture visits every place of a square, one step at a time', () => {
  const way = Array.from({ length: 98 }, (_, m) => shiftAt(noon + m * 60_000, 2))
  expect(new Set(way.map((s) => s.x + ' ' + s.y)).size).toBe(49)
  way.forEach((s, i) => {
    const next = way[(i + 1) % way.length] as typeof s
    expect(Math.abs(s.x - next.x) + Math.abs(s.y - next.y)).toBeLessThanOrEqual(2)
    expect(Math.max(Math.abs(s.x), Math.abs(s.y))).toBeLessThanOrEqual(6)
  })
})

describe('a newer page', () => {
  const html = (name: string) => `<!doctype html><head><script type="module" crossorigin src="/assets/${name}"></script></head>`
  const versions = (theirs: string | Error, tried = ''): Versions & { reload: Mock<(program: string) => void> } => ({
    mine: '/assets/index-a.js', tried: () => tried, reload: vi.fn<(program: string) => void>(),
    page: () => (theirs instanceof Error ? Promise.reject(theirs) : Promise.resolve(theirs)),
  })
  it.each([
    ['the same', html('index-a.js'), '', false],
    ['a newer one', html('index-b.js'), '', true],
    ['a newer one that was loaded already and did not come', html('index-b.js'), '/assets/index-b.js', false],
    ["a proxy's page of errors", '<h1>502</h1>', '', false],
    ['no answer', new Error('gone'), '', false],
  ])('%s', async (_, theirs, tried, reloads) => {
    const v = versions(theirs as string | Error, tried as string)
    await renew(v)
    expect(v.reload.mock.calls.length > 0).toBe(reloads)
  })
  it('is told by the name of its program', () => expect(programOf(html('index-b.js'))).toBe('/assets/index-b.js'))
})

describe('a stream', () => {
  class Stream {
    static all: Stream[] = []
    static CLOSED = 2
    readyState = 1
    heard = new Map<string, (e: { data: string }) => void>()
    onerror = () => {}
    constructor() {
      Stream.all.push(this)
    }
    addEventListener(kind: string, act: (e: { data: string }) => void) {
      this.heard.set(kind, act)
    }
    say(kind: string) {
      this.heard.get(kind)?.({ data: '{"now":"2026-11-23T04:00:00Z"}' })
    }
    close() {
      this.readyState = 2
    }
  }
  const on = { hello: vi.fn(), resumed: vi.fn(), lost: vi.fn(), refused: vi.fn(), points: vi.fn(), alarms: vi.fn(), batches: vi.fn(), gateways: vi.fn(), uses: vi.fn(), people: vi.fn(), trouble: vi.fn(), alive: vi.fn() }
  const open = () => Stream.all.filter((s) => s.readyState !== 2)
  beforeEach(() => {
    vi.useFakeTimers()
    Stream.all = []
    vi.stubGlobal('window', globalThis)
    vi.stubGlobal('EventSource', Stream)
    Object.values(on).forEach((f) => f.mockClear())
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  it('that has fallen silent is lost, and opened again', () => {
    const end = listen(on)
    Stream.all[0]?.say('hello')
    vi.advanceTimersByTime(silentFor - 1000)
    Stream.all[0]?.say('alive')
    vi.advanceTimersByTime(silentFor - 1000)
    expect(on.lost).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1000)
    expect(on.lost).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(1000)
    expect(Stream.all).toHaveLength(2)
    end()
    expect(open()).toHaveLength(0)
  })
  it('of a server that is away for an hour is asked for ever less often, and never twice at once', () => {
    const end = listen(on)
    for (let s = 0; s < 3600; s++) {
      for (const x of open()) {
        x.readyState = 2
        x.onerror()
      }
      expect(open().length).toBeLessThan(2)
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
      vi.advanceTimersByTime(1000)
    }
    expect(Stream.all.length).toBeLessThan(3600 / 10 + 10)
    end()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('the words of the wall are there in both languages', () => {
  const holes = (s: string) => (s.match(/\{\w+\}/g) ?? []).sort()
  expect(Object.keys(wallEn)).toEqual(Object.keys(wallZh))
  for (const k of Object.keys(wallZh) as (keyof typeof wallZh)[]) {
    expect(wallEn[k], k).not.toBe('')
    expect(holes(wallEn[k]), k).toEqual(holes(wallZh[k]))
  }
})
