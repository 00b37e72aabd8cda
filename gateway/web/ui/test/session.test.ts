import { beforeEach, describe, expect, it, vi } from 'vitest'

const answers: { status: number; body: object }[] = []
const asked: { path: string; method: string; headers: Record<string, string> }[] = []
vi.stubGlobal('fetch', async (path: string, init?: RequestInit) => {
  asked.push({ path, method: init?.method ?? 'GET', headers: (init?.headers ?? {}) as Record<string, string> })
  const a = answers.shift() ?? { status: 200, body: {} }
  return { ok: a.status < 300, status: a.status, json: async () => a.body }
})
vi.stubGlobal('window', { setTimeout })

const { ask, send } = await import('../src/api/client')
const { ended, enter, isMe, leave, loadSession, may, session } = await import('../src/model/session')

const keeper = {
  now: '', kind: 'user', id: 'qiqige', name: '其其格', person: 'qiqige', session: 's-1', must_change: false,
  grants: [{ role: 'manager', sites: ['balagong'] }],
  may: { 'POST /alarms/{id}/steps': ['balagong'], 'GET /people': null },
}

describe('who is signed in', () => {
  beforeEach(() => {
    answers.length = asked.length = 0
    session.value = undefined
    ended.value = false
  })

  it('is nobody when the server says so, and that is no end of anything', async () => {
    answers.push({ status: 401, body: { error: { code: 'sign-in', message_zh: '请先登录', message_en: 'sign in first' } } })
    await loadSession()
    expect(session.value).toBeNull()
    expect(ended.value).toBe(false)
  })

  it('may what the server lists, where it says', async () => {
    answers.push({ status: 201, body: keeper })
    await enter('qiqige', 'blue kettle nine rivers')
    expect(may('POST /alarms/{id}/steps', 'balagong')).toBe(true)
    expect(may('POST /alarms/{id}/steps', 'sirin')).toBe(false)
    expect(may('POST /alarms/{id}/steps')).toBe(true)
    expect(may('GET /people', 'anywhere')).toBe(true)
    expect(may('GET /users')).toBe(false)
    expect(isMe('qiqige')).toBe(true)
    expect(isMe('batu')).toBe(false)
    expect(isMe('')).toBe(false)
  })

  it('ends with the first answer that says so, whoever asked', async () => {
    session.value = keeper as never
    answers.push({ status: 401, body: { error: { code: 'session-over', message_zh: '登录已结束', message_en: 'over' } } })
    await expect(ask('zones')).rejects.toThrow()
    expect(session.value).toBeNull()
    expect(ended.value).toBe(true)
  })

  it('is not ended by a wrong password or by what a role may not', async () => {
    session.value = keeper as never
    for (const [status, code] of [[401, 'wrong-password'], [403, 'not-your-role']] as const) {
      answers.push({ status, body: { error: { code } } })
      await expect(ask('x')).rejects.toThrow()
    }
    expect(session.value).not.toBeNull()
  })

  it('leaves without a word that something ended', async () => {
    session.value = keeper as never
    await leave()
    expect(asked[0]).toMatchObject({ path: '/api/v1/session', method: 'DELETE' })
    expect(session.value).toBeNull()
    expect(ended.value).toBe(false)
  })

  it('shows no token: the cookie lets in', async () => {
    await send('POST', 'x', {})
    expect(asked[0]?.headers.Authorization).toBeUndefined()
  })
})
