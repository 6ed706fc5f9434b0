import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

/** The address bar is the state: a path and its query. */
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  window.addEventListener('popstate', listener)
  return () => {
    listeners.delete(listener)
    window.removeEventListener('popstate', listener)
  }
}

function currentUrl(): string {
  return window.location.pathname + window.location.search
}

export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === currentUrl()) return
  if (options.replace === true) window.history.replaceState(null, '', to)
  else window.history.pushState(null, '', to)
  for (const listener of listeners) listener()
}

export interface Address {
  path: string
  query: URLSearchParams
}

export function useAddress(): Address {
  const url = useSyncExternalStore(subscribe, currentUrl)
  const mark = url.indexOf('?')
  if (mark < 0) return { path: url, query: new URLSearchParams() }
  return { path: url.slice(0, mark), query: new URLSearchParams(url.slice(mark)) }
}

/** One value of the query; setting it replaces the address, and the empty value removes it. */
export function useQueryValue(name: string): [string, (value: string) => void] {
  const { query } = useAddress()
  return [
    query.get(name) ?? '',
    (value) => {
      const url = new URL(window.location.href)
      if (value === '') url.searchParams.delete(name)
      else url.searchParams.set(name, value)
      navigate(url.pathname + url.search, { replace: true })
    },
  ]
}

/** Names and values of `/projects/:projectId/images`-like patterns, or null where the path does not fit. */
export function matchPath(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  if (wanted.length !== given.length) return null
  const values: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) values[part.slice(1)] = decodeURIComponent(value)
    else if (part !== value) return null
  }
  return values
}

export interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  to: string
}

/** An anchor that changes the address without loading the page; the browser keeps its own way with modified clicks. */
export function Link({ to, onClick, ...rest }: LinkProps) {
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event)
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (event.defaultPrevented || !isPlain) return
    event.preventDefault()
    navigate(to)
  }
  return <a href={to} onClick={follow} {...rest} />
}
