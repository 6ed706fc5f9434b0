import { queryOptions } from '@tanstack/react-query'
import { request, requestAll } from './http'
import type { Schema } from './schema'
import type { User } from './session'

export type NewUser = Schema['NewUser']

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => requestAll<User>('/users', { signal }),
})

export function createUser(user: NewUser): Promise<User> {
  return request<User>('/users', { method: 'POST', json: user })
}
