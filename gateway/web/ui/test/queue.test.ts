import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../src/api/client'

const noon = Date.parse('2026-11-23T04:00:00Z')
const by = { actor: '巴图', truck: 'truck-1', box: 'truck-1/box-1' }
const words = { zh: '不行', en: 'no' }

/** A page that is opened on the device: nothing but what is kept is known to it. */
async function opened() {
  vi.resetModules()
  const queue = await import('../src/model/queue')
  await queue.openQueue()
  return queue
}
// Each page has a class of its own: refusals are told by the newest.
const refusal = async (code: string, status: number) => new (await import('../src/api/client')).ApiError(code, words, status) as ApiError

/** Presses buttons a minute apart. */
async function press(q: Awaited<ReturnType<typeof opened>>, ...phases: ('loading' | 'in-transit' | 'unloading')[]) {
  for (const [i, phase] of phases.entries()) await q.add(by, { kind: 'phase', phase }, noon + i * 60_000)
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory()
})

describe('the queue of what a driver did', () => {
  it('sends in the order in which it was done, with its own times and one key each', async () => {
    const q = await opened()
    await press(q, 'loading', 'in-transit', 'unloading')
    const sent: string[] = []
    const keys = new Set<string>()
    expect(await q.flush(async (a) => void (sent.push(a.at + ' ' + (a.what as { phase: string }).phase), keys.add(a.id)))).toBe(true)
    expect(sent).toEqual(['2026-11-23T04:00:00.000Z loading', '2026-11-23T04:01:00.000Z in-transit', '2026-11-23T04:02:00.000Z unloading'])
    expect(keys.size).toBe(3)
    expect(q.acts.value).toEqual([])
    expect((await opened()).acts.value).toEqual([])
  })

  it('keeps them over a reload and sends the same key again after a lost answer', async () => {
    let q = await opened()
    await press(q, 'loading', 'in-transit')
    const tried: string[] = []
    const gone = await refusal('unreachable', 0)
    expect(await q.flush(async (a) => { tried.push(a.id); throw gone })).toBe(false)
    expect(tried).toHaveLength(1) // the second waits for the first
    q = await opened()
    expect(q.waiting.value).toHaveLength(2)
    await q.flush(async (a) => void tried.push(a.id))
    expect(tried[1]).toBe(tried[0])
    expect(tried).toHaveLength(3)
  })

  it.each([['unreachable', 0], ['internal', 500], ['unavailable', 503], ['too-many', 429]])('waits and loses nothing when the county answers %s %d', async (code, status) => {
    const q = await opened()
    await press(q, 'loading')
    const e = await refusal(code, status)
    expect(await q.flush(async () => { throw e })).toBe(false)
    expect(q.waiting.value).toHaveLength(1)
    expect(q.refusals.value).toHaveLength(0)
    expect(q.need.value).toBeNull()
  })

  it('keeps a refusal with its words until somebody has read it, and goes on with the rest', async () => {
    let q = await opened()
    await press(q, 'loading', 'in-transit')
    const no = await refusal('conflict', 409)
    const sent: unknown[] = []
    await q.flush(async (a) => { if ((a.what as { phase: string }).phase === 'loading') throw no; sent.push(a.what) })
    expect(sent).toEqual([{ kind: 'phase', phase: 'in-transit' }])
    q = await opened()
    expect(q.refusals.value.map((a) => a.refused)).toEqual([{ code: 'conflict', text: words }])
    expect(await q.flush(async () => { throw new Error('a refused action was sent again') })).toBe(true)
    await q.dismiss(q.refusals.value[0]!)
    expect((await opened()).acts.value).toEqual([])
  })

  it('sends a refused one again with what was missing, under a new key and at its own time', async () => {
    const q = await opened()
    await q.add(by, { kind: 'load', batch: 'A', code: '', override: '' }, noon)
    const first = q.acts.value[0]!
    const no = await refusal('disagrees', 409)
    await q.flush(async () => { throw no })
    await q.again(q.refusals.value[0]!, { kind: 'load', batch: 'A', code: '', override: '货主同意' })
    const second = q.waiting.value[0]!
    expect(second.id).not.toBe(first.id)
    expect(second.at).toBe(first.at)
    expect(second.refused).toBeUndefined()
    expect((await opened()).waiting.value).toEqual([JSON.parse(JSON.stringify(second))])
  })

  it.each([['sign-in', 401, 'sign-in'], ['session-over', 401, 'sign-in'], ['pin-needed', 403, 'pin'], ['pin-wrong', 401, 'pin'], ['pin-wait', 429, 'pin']] as const)('asks a person for what %s %d wants, and refuses nothing', async (code, status, kind) => {
    const q = await opened()
    await press(q, 'loading')
    const e = await refusal(code, status)
    expect(await q.flush(async () => { throw e })).toBe(false)
    expect(q.need.value?.kind).toBe(kind)
    expect(q.need.value?.code).toBe(code)
    expect(q.need.value?.actor).toBe('巴图')
    expect(q.waiting.value).toHaveLength(1)
    expect(await q.flush(async () => {})).toBe(true)
    expect(q.need.value).toBeNull()
  })

  it('takes one press of a trembling finger for one, and two minutes for two', async () => {
    const q = await opened()
    const loading = { kind: 'phase', phase: 'loading' } as const
    expect(await q.add(by, loading, noon)).not.toBeNull()
    expect(await q.add(by, loading, noon + 3000)).toBeNull()
    expect(await q.add(by, { kind: 'empty' }, noon + 3000)).not.toBeNull()
    expect(await q.add(by, loading, noon + 120_000)).not.toBeNull()
    expect(q.waiting.value).toHaveLength(3)
  })

  it('sends each once though two want to send at once', async () => {
    const q = await opened()
    await press(q, 'loading', 'in-transit')
    const sent: string[] = []
    const slow = async (a: { id: string }) => { await Promise.resolve(); sent.push(a.id) }
    await Promise.all([q.flush(slow), q.flush(slow)])
    expect(sent).toHaveLength(2)
  })

  it('says so where nothing can be kept, and still sends', async () => {
    globalThis.indexedDB = { open: () => { throw new Error('refused') } } as unknown as IDBFactory
    const q = await opened()
    await press(q, 'loading')
    expect(q.unkept.value).toBe(true)
    const sent: string[] = []
    await q.flush(async (a) => void sent.push(a.id))
    expect(sent).toHaveLength(1)
    expect(q.acts.value).toEqual([])
  })

  it('keeps an action when the page itself makes a mistake', async () => {
    const q = await opened()
    await press(q, 'loading')
    await expect(q.flush(async () => { throw new TypeError('mistake') })).rejects.toThrow('mistake')
    expect((await opened()).waiting.value).toHaveLength(1)
  })
})
