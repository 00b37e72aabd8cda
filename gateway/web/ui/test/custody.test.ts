import { afterEach, describe, expect, it, vi } from 'vitest'
import { freshKey, importList } from '../src/api/custody'

afterEach(() => vi.unstubAllGlobals())

function answers(status: number, ...pieces: string[]) {
  const encoder = new TextEncoder()
  const body = new ReadableStream({
    start(c) {
      for (const p of pieces) c.enqueue(encoder.encode(p))
      c.close()
    },
  })
  const asked = vi.fn(async (..._: unknown[]) => new Response(body, { status }))
  vi.stubGlobal('fetch', asked)
  return asked
}
const list = () => new File(['批次号\n'], 'list.csv')

describe('an import', () => {
  it('tells how far it is, whatever the pieces it comes in', async () => {
    const asked = answers(200, '{"done":1,"of', '":2}\n{"done":2,"of":2}\n{"rows":2,"report":{"crea', 'ted":1,"already":1,"refused":[]}}')
    const told: number[][] = []
    const end = await importList(list(), false, { actor: '萨仁', pin: '4711' }, 'k', (n, of) => told.push([n, of]))
    expect(told).toEqual([[1, 2], [2, 2]])
    expect(end.report).toEqual({ created: 1, already: 1, refused: [] })
    const init = asked.mock.calls[0]?.[1] as RequestInit
    expect((init.headers as Record<string, string>)['Idempotency-Key']).toBe('k')
    expect((init.body as FormData).get('pin')).toBe('4711')
  })

  it('is never shown as done when the answer broke off', async () => {
    answers(200, '{"done":1,"of":2}\n')
    await expect(importList(list(), false, { actor: 'x' }, 'k', () => {})).rejects.toMatchObject({ code: 'broken' })
  })

  it('says why it broke off', async () => {
    answers(200, '{"rows":2,"report":{"created":1,"already":0,"refused":[]},"error":{"code":"internal","message_zh":"导入中断了","message_en":"the import broke off"}}\n')
    await expect(importList(list(), false, { actor: 'x' }, 'k', () => {})).rejects.toMatchObject({ code: 'internal', text: { zh: '导入中断了' } })
  })

  it('says what is wrong with the list', async () => {
    answers(400, '{"error":{"code":"bad-input","message_zh":"没有表头","message_en":"no header"}}')
    await expect(importList(list(), true, { actor: '' }, 'k', () => {})).rejects.toMatchObject({ code: 'bad-input', text: { zh: '没有表头' } })
  })
})

it('keys are what the server takes, and never the same', () => {
  const keys = new Set(Array.from({ length: 1000 }, freshKey))
  expect(keys.size).toBe(1000)
  for (const k of keys) expect(k).toMatch(/^[!-~]{1,100}$/)
})
