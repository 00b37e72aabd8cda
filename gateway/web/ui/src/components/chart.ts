// How a history is drawn on uPlot: safe band behind, envelope and line in
// front, what lies beyond a limit shaded, what nobody measured hatched.

import uPlot from 'uplot'
import type { Limit } from '../api/types'
import { clock, plain, type Lang } from '../model/format'
import { bandsOf, safeBand } from '../model/judge'
import { doubts, gaps, type Columns } from '../model/series'
import { drawLogs, rangeOf } from './chartlogs'

export interface Scene {
  columns: Columns
  from: number // seconds
  to: number
  gapS: number
  limits: Limit[]
  lang: Lang
  timezone: string
  gapWord: string
  doubtWord: string
  /** What loggers that travelled along say; drawn apart. */
  logs?: Columns[]
}

export interface Colours {
  ink: string
  card: string
  soft: string
  line: string
  curve: string
  envelope: string
  band: string
  gap: string
  overMild: string
  overSerious: string
  act: string
  attention: string
  family: string
}

export function colours(el: Element): Colours {
  const style = getComputedStyle(el)
  const of = (name: string) => style.getPropertyValue('--' + name).trim()
  return {
    ink: of('ink'), card: of('card'), soft: of('ink-3'), line: of('line'), curve: of('curve'), envelope: of('envelope'), band: of('band'),
    gap: of('gap'), overMild: of('over-mild'), overSerious: of('over-serious'), act: of('act'), attention: of('attention-ink'), family: style.fontFamily,
  }
}

export const dataOf = (c: Columns): uPlot.AlignedData => [c.t, c.max, c.min, c.line]

/** The y range: everything measured, and the nearest limits to judge it by. */
function yRange(scene: Scene): [number, number] {
  let [lo, hi] = rangeOf(scene.logs ?? [], scene.from, scene.to)
  scene.columns.min.forEach((v, i) => {
    if (v === null || v === undefined) return
    lo = Math.min(lo, v)
    hi = Math.max(hi, scene.columns.max[i] as number)
  })
  const { low, high } = safeBand(scene.limits)
  if (lo > hi) {
    lo = low ?? (high ?? 5) - 5
    hi = high ?? lo + 10
  }
  lo = Math.min(lo, low ?? lo)
  hi = Math.max(hi, high ?? hi)
  const pad = Math.max((hi - lo) * 0.1, 0.5)
  return [lo - pad, hi + pad]
}

/** Options of a chart that reads from get() whenever it draws. */
export function options(get: () => Scene, c: Colours, width: number, height: number, on: ChartEvents): uPlot.Options {
  const font = '14px ' + c.family
  const axis: uPlot.Axis = { stroke: c.soft, font, grid: { stroke: c.line, width: 1 }, ticks: { show: false } }
  return {
    width,
    height,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    tzDate: (s) => uPlot.tzDate(new Date(s * 1000), get().timezone),
    cursor: {
      y: false,
      points: { size: 10, width: 3, stroke: c.curve, fill: c.band },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => () => (on.reset(), null) },
    },
    scales: {
      x: { time: true, range: () => [get().from, get().to] },
      y: { range: () => yRange(get()) },
    },
    axes: [
      { ...axis, size: 34, space: 64, values: (_, splits) => splits.map((s) => tick(s, get())) },
      { ...axis, size: 46, values: (_, splits) => splits.map(plain) },
    ],
    series: [
      {},
      { stroke: 'transparent', width: 0, points: { show: false } },
      { stroke: 'transparent', width: 0, points: { show: false } },
      // A value alone between gaps has no line; it is drawn as a point.
      { stroke: c.curve, width: 2, points: { show: true, size: 5, fill: c.curve, filter: (u, s) => lonely(u.data[s] as (number | null)[]) } },
    ],
    bands: [{ series: [1, 2], fill: c.envelope }],
    hooks: {
      drawClear: [(u) => drawBehind(u, get(), c, font)],
      draw: [(u) => drawLimits(u, get(), c, font), (u) => drawDoubts(u, get(), c, font), (u) => drawLogs(u, get().logs ?? [], c.ink)],
      setCursor: [(u) => on.cursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width > 8) on.window(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'))
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
        },
      ],
    },
  }
}

export interface ChartEvents {
  cursor(index: number | null): void
  window(from: number, to: number): void
  reset(): void
}

function tick(s: number, scene: Scene): string {
  const time = clock(s * 1000, scene.lang, scene.timezone)
  if (time !== '00:00') return time
  return new Intl.DateTimeFormat(scene.lang === 'zh' ? 'zh-CN' : 'en-GB', { timeZone: scene.timezone, month: 'short', day: 'numeric' }).format(s * 1000)
}

function lonely(values: (number | null)[]): number[] {
  const out: number[] = []
  values.forEach((v, i) => {
    if (v !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null) out.push(i)
  })
  return out
}

function drawBehind(u: uPlot, scene: Scene, c: Colours, font: string) {
  const { ctx, bbox } = u
  const { low, high } = safeBand(scene.limits)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  if (low !== null || high !== null) {
    const top = high === null ? bbox.top : u.valToPos(high, 'y', true)
    const bottom = low === null ? bbox.top + bbox.height : u.valToPos(low, 'y', true)
    ctx.fillStyle = c.band
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top)
  }
  const dpr = window.devicePixelRatio || 1
  for (const [from, to] of gaps(scene.columns, scene.from, Math.min(scene.to, Date.now() / 1000), scene.gapS)) {
    const left = u.valToPos(from, 'x', true)
    const right = u.valToPos(to, 'x', true)
    hatch(ctx, left, bbox.top, right - left, bbox.height, c.gap, dpr)
    if (right - left > 72 * dpr) {
      ctx.fillStyle = c.soft
      ctx.font = font.replace('14px', 14 * dpr + 'px')
      ctx.textAlign = 'center'
      ctx.fillText(scene.gapWord, (left + right) / 2, bbox.top + 22 * dpr)
    }
  }
  ctx.restore()
}

function hatch(ctx: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, colour: string, dpr: number) {
  ctx.save()
  ctx.beginPath()
  ctx.rect(x, y, w, h)
  ctx.clip()
  ctx.strokeStyle = colour
  ctx.lineWidth = dpr
  ctx.beginPath()
  for (let k = x - h - ((x - h) % (9 * dpr)); k < x + w; k += 9 * dpr) {
    ctx.moveTo(k, y + h)
    ctx.lineTo(k + h, y)
  }
  ctx.stroke()
  ctx.restore()
}

function drawLimits(u: uPlot, scene: Scene, c: Colours, font: string) {
  const { ctx, bbox } = u
  const dpr = window.devicePixelRatio || 1
  const { safe, serious } = bandsOf(scene.limits)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  const { t, min, max } = scene.columns
  shade(u, t, max, safe.high, true, c.overMild)
  shade(u, t, min, safe.low, false, c.overMild)
  shade(u, t, max, serious.high, true, c.overSerious)
  shade(u, t, min, serious.low, false, c.overSerious)
  ctx.font = font.replace('14px', '600 ' + 13 * dpr + 'px')
  ctx.textAlign = 'left'
  for (const l of scene.limits) {
    const y = u.valToPos(l.value, 'y', true)
    if (y < bbox.top || y > bbox.top + bbox.height) continue
    ctx.strokeStyle = ctx.fillStyle = l.level === 'excursion' ? c.act : c.attention
    ctx.lineWidth = 1.5 * dpr
    ctx.setLineDash(l.level === 'excursion' ? [] : [6 * dpr, 5 * dpr])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    // The number stands outside the limit, or inside where there is no room.
    const above = l.side === 'high' ? y - bbox.top > 18 * dpr : bbox.top + bbox.height - y < 18 * dpr
    ctx.fillText(plain(l.value), bbox.left + 5 * dpr, above ? y - 5 * dpr : y + 14 * dpr)
  }
  ctx.restore()
}

/** A row of dashes under what is in doubt: no state's colour, and the curve stays as it is. */
function drawDoubts(u: uPlot, scene: Scene, c: Colours, font: string) {
  const { ctx, bbox } = u
  const dpr = window.devicePixelRatio || 1
  const y = bbox.top + bbox.height - 4 * dpr
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.strokeStyle = ctx.fillStyle = c.ink
  ctx.lineWidth = 4 * dpr
  ctx.lineJoin = 'round'
  ctx.font = font.replace('14px', 14 * dpr + 'px')
  ctx.textAlign = 'center'
  for (const [from, to] of doubts(scene.columns, scene.gapS)) {
    const left = u.valToPos(from, 'x', true)
    const right = Math.max(u.valToPos(to, 'x', true), left + 4 * dpr)
    ctx.setLineDash([4 * dpr, 3 * dpr])
    ctx.beginPath()
    ctx.moveTo(left, y)
    ctx.lineTo(right, y)
    ctx.stroke()
    const seenFrom = Math.max(left, bbox.left)
    const seenTo = Math.min(right, bbox.left + bbox.width)
    const width = ctx.measureText(scene.doubtWord).width + 8 * dpr
    if (seenTo - seenFrom < width) continue
    // A rim of card keeps the word legible where a line passes behind it.
    const middle = (seenFrom + seenTo) / 2
    ctx.strokeStyle = c.card
    ctx.setLineDash([])
    ctx.strokeText(scene.doubtWord, middle, y - 10 * dpr)
    ctx.strokeStyle = c.ink
    ctx.fillText(scene.doubtWord, middle, y - 10 * dpr)
  }
  ctx.restore()
}

/** Fills between a limit and the part of a curve that lies beyond it. */
function shade(u: uPlot, t: number[], values: (number | null)[], limit: number | null, above: boolean, colour: string) {
  if (limit === null) return
  const { ctx, bbox } = u
  const y = u.valToPos(limit, 'y', true)
  ctx.save()
  ctx.beginPath()
  if (above) ctx.rect(bbox.left, bbox.top, bbox.width, Math.max(0, y - bbox.top))
  else ctx.rect(bbox.left, y, bbox.width, Math.max(0, bbox.top + bbox.height - y))
  ctx.clip()
  ctx.fillStyle = colour
  let open = false
  let lastX = 0
  const close = () => {
    if (!open) return
    ctx.lineTo(lastX, y)
    ctx.closePath()
    ctx.fill()
    open = false
  }
  values.forEach((v, i) => {
    if (v === null || v === undefined) {
      close()
      return
    }
    lastX = u.valToPos(t[i] as number, 'x', true)
    if (!open) {
      ctx.beginPath()
      ctx.moveTo(lastX, y)
      open = true
    }
    ctx.lineTo(lastX, u.valToPos(v, 'y', true))
  })
  close()
  ctx.restore()
}

/** One finger reads, two fingers zoom and move; the page still scrolls up and down. */
export function touch(u: uPlot, on: { window(from: number, to: number, done: boolean): void }): () => void {
  const over = u.over
  let pinch: { x: number; gap: number; from: number; to: number } | null = null
  let last: [number, number] | null = null
  const at = (e: TouchEvent) => {
    const left = over.getBoundingClientRect().left
    return [0, 1].map((i) => (e.touches[i] ? (e.touches[i] as Touch).clientX - left : 0)) as [number, number]
  }
  const begin = (e: TouchEvent) => {
    const [a, b] = at(e)
    if (e.touches.length === 2) {
      const { min, max } = u.scales.x as { min: number; max: number }
      pinch = { x: (a + b) / 2, gap: Math.max(20, Math.abs(a - b)), from: min, to: max }
      e.preventDefault()
    } else if (e.touches.length === 1) {
      u.setCursor({ left: a, top: 0 })
    }
  }
  const move = (e: TouchEvent) => {
    const [a, b] = at(e)
    if (pinch && e.touches.length === 2) {
      e.preventDefault()
      const span = (pinch.to - pinch.from) * (pinch.gap / Math.max(20, Math.abs(a - b)))
      const anchor = pinch.from + (pinch.x / over.clientWidth) * (pinch.to - pinch.from)
      const from = anchor - ((a + b) / 2 / over.clientWidth) * span
      last = [from, from + span]
      on.window(from, from + span, false)
    } else if (!pinch && e.touches.length === 1) {
      u.setCursor({ left: a, top: 0 })
    }
  }
  const end = (e: TouchEvent) => {
    if (pinch && e.touches.length < 2) {
      pinch = null
      if (last) on.window(last[0], last[1], true)
      last = null
    }
  }
  over.addEventListener('touchstart', begin, { passive: false })
  over.addEventListener('touchmove', move, { passive: false })
  over.addEventListener('touchend', end)
  over.addEventListener('touchcancel', end)
  return () => {
    over.removeEventListener('touchstart', begin)
    over.removeEventListener('touchmove', move)
    over.removeEventListener('touchend', end)
    over.removeEventListener('touchcancel', end)
  }
}
