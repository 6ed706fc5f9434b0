import { ApiProblem, request } from './http'
import type { Schema } from './schema'

export type ServiceRole = User['role']

export type User = Schema['UserOut']

export type Session = Schema['SessionOut']

export function signIn(login: string, password: string): Promise<Session> {
  return request<Session>('/session', { method: 'POST', json: { login, password }, expects401: true })
}

export function signOut(): Promise<void> {
  return request<void>('/session', { method: 'DELETE', expects401: true })
}

/** The session of this browser, or null when nobody is signed in. */
export async function readSession(signal?: AbortSignal): Promise<Session | null> {
  try {
    return await request<Session>('/session', { expects401: true, ...(signal ? { signal } : {}) })
  } catch (problem) {
    if (problem instanceof ApiProblem && problem.status === 401) return null
    throw problem
  }
}
