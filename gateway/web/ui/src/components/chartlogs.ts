// What loggers that travelled along say, over a chart of what was measured: broken
// and without a band, so that nobody takes it for a reading.

import uPlot from 'uplot'
import { runsOf } from '../model/loggers'
import type { Columns } from '../model/series'

export function drawLogs(u: uPlot, logs: Columns[], colour: string) {
  const { ctx, bbox } = u
  const dpr = window.devicePixelRatio || 1
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.strokeStyle = colour
  const runs: [number, number, number, number][][] = []
  for (const c of logs) runs.push(...runsOf(c))
  for (const run of runs) {
    ctx.globalAlpha = 0.4
    ctx.setLineDash([])
    ctx.lineWidth = dpr
    ctx.beginPath()
    for (const [t, lo, , hi] of run) {
      const x = u.valToPos(t, 'x', true)
      ctx.moveTo(x, u.valToPos(lo, 'y', true))
      ctx.lineTo(x, u.valToPos(hi, 'y', true) - 0.5)
    }
    ctx.stroke()
    ctx.globalAlpha = 1
    ctx.setLineDash([7 * dpr, 5 * dpr])
    ctx.lineWidth = 2 * dpr
    ctx.beginPath()
    run.forEach(([t, , v], i) => {
      const [x, y] = [u.valToPos(t, 'x', true), u.valToPos(v, 'y', true)]
      if (i) ctx.lineTo(x, y)
      else ctx.moveTo(x, y)
    })
    ctx.stroke()
  }
  ctx.restore()
}

/** The lowest and highest that they say in a window; infinite when nothing. */
export function rangeOf(logs: Columns[], from: number, to: number): [number, number] {
  let lo = Infinity
  let hi = -Infinity
  for (const c of logs)
    c.t.forEach((t, i) => {
      if (t < from || t > to || typeof c.min[i] !== 'number') return
      lo = Math.min(lo, c.min[i] as number)
      hi = Math.max(hi, c.max[i] as number)
    })
  return [lo, hi]
}
