import { ApiProblem, request } from './http'

export type ServiceRole = 'admin' | 'member'

export interface User {
  id: string
  login: string
  name: string
  role: ServiceRole
}

export interface Session {
  user: User
  expires_at: string
  idle_timeout_s: number
}

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
