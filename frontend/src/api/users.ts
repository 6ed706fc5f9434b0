import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'
import type { ServiceRole, User } from './session'

export interface NewUser {
  login: string
  name: string
  role: ServiceRole
  password: string
}

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => requestAll<User>('/users', { signal }),
})

export function createUser(user: NewUser): Promise<User> {
  return request<User>('/users', { method: 'POST', json: user })
}
