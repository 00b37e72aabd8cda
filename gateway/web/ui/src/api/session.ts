import { ask } from './client'

/** Who is signed in, and what he may: see gateway/access. */
export interface Session {
  now: string
  kind: 'user' | 'device' | 'token'
  id: string
  name: string
  /** Of the roster; empty: none. */
  person: string
  session: string
  must_change: boolean
  grants: Grant[]
  /** "METHOD /path" and the sites where, or null for all of the county. */
  may: Record<string, string[] | null>
}

export const roles = ['viewer', 'driver', 'manager', 'quality', 'owner', 'inspector', 'admin'] as const
export type Role = (typeof roles)[number]

export interface Grant {
  role: Role | 'device'
  sites?: string[]
  party?: string
}

export interface User {
  id: string
  name: string
  person: string
  grants: Grant[]
  disabled: boolean
  one_time: boolean
}

export interface OpenSession {
  id: string
  user: string
  name: string
  site: string
  agent: string
  by: string
  made: string
  used: string
  until: string
  mine: boolean
}

export interface Token {
  id: string
  name: string
  grants: Grant[]
  read_only: boolean
  by: string
  made: string
  until: string
  used: string | null
}

export type UsersAnswer = { now: string; users: User[]; password?: string }
export type SessionsAnswer = { now: string; sessions: OpenSession[] }
export type TokensAnswer = { now: string; tokens: Token[]; secret?: string }

function send<T>(method: string, path: string, body: object = {}): Promise<T> {
  return ask<T>(path, { method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })
}

export const getSession = () => ask<Session>('session')
export const signIn = (name: string, password: string) => send<Session>('POST', 'session', { name, password })
export const signOut = () => ask<unknown>('session', { method: 'DELETE' })
export const changePassword = (old: string, fresh: string) => send<Session>('PUT', 'session/password', { old, new: fresh })

export const getUsers = () => ask<UsersAnswer>('users')
export const addUser = (u: Omit<User, 'disabled' | 'one_time'>) => send<UsersAnswer>('POST', 'users', u)
export const changeUser = ({ id, name, person, grants, disabled }: User) =>
  send<UsersAnswer>('PUT', 'users/' + encodeURIComponent(id), { name, person, grants, disabled })
export const newPassword = (id: string) => send<UsersAnswer>('POST', 'users/' + encodeURIComponent(id) + '/password')
export const getSessions = () => ask<SessionsAnswer>('sessions')
export const endSession = (id: string) => send<SessionsAnswer>('DELETE', 'sessions/' + encodeURIComponent(id))
export const getTokens = () => ask<TokensAnswer>('tokens')
export const makeToken = (t: { name: string; grants: Grant[]; read_only: boolean; until: string }) => send<TokensAnswer>('POST', 'tokens', t)
export const endToken = (id: string) => send<TokensAnswer>('DELETE', 'tokens/' + encodeURIComponent(id))
export const makeDevice = (site: string, name: string) => send<Session>('POST', 'devices', { site, name })
