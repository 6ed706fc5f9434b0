/** Small settings of this browser. Storage may be blocked or full: then a setting lasts until the page is closed. */

export function readStored(name: string): string | null {
  try {
    return localStorage.getItem(`maskloop.${name}`)
  } catch {
    return null // Blocked: the default counts.
  }
}

export function writeStored(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`maskloop.${name}`)
    else localStorage.setItem(`maskloop.${name}`, value)
  } catch {
    // Blocked or full: nothing else depends on it.
  }
}

/** A stored JSON value; null where there is none or it is not JSON any more. */
export function readStoredJson(name: string): unknown {
  try {
    return JSON.parse(readStored(name) ?? 'null')
  } catch {
    return null // What an older version wrote.
  }
}
