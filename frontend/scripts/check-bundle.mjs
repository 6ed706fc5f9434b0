// Checks what a first visit loads, gzipped: the sign-in page, and an open image. Fonts and pictures are not counted.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const DIST = resolve(dirname(fileURLToPath(import.meta.url)), '..', process.argv[2] ?? 'dist')
const BUDGETS_KB = { 'sign-in': 90, workspace: 260 }

const html = readFileSync(join(DIST, 'index.html'), 'utf8')
const entries = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, path]) => path)

/** Files that a script names: those it imports at once, and those it loads later. */
function namesIn(path) {
  const text = readFileSync(join(DIST, path), 'utf8')
  const all = (pattern) => [...text.matchAll(pattern)].map(([, name]) => join('assets', name))
  return {
    now: all(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g),
    later: all(/import\(\s*["'`]\.\/([^"'`]+\.js)["'`]/g),
  }
}

function closure(roots) {
  const found = new Set()
  const visit = (path) => {
    if (found.has(path) || !existsSync(join(DIST, path))) return
    found.add(path)
    if (path.endsWith('.js')) for (const next of namesIn(path).now) visit(next)
  }
  for (const root of roots) visit(root)
  return found
}

function laterFrom(files, name) {
  const found = [...files]
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) => namesIn(path).later)
    .find((path) => path.startsWith(join('assets', `${name}-`)))
  if (found === undefined) throw new Error(`no chunk "${name}" is loaded from ${[...files].join(', ')}`)
  return found
}

function sizeKb(files) {
  let bytes = gzipSync(html).length
  for (const path of files) bytes += gzipSync(readFileSync(join(DIST, path))).length
  return bytes / 1000
}

const signIn = closure(entries)
const signedIn = closure([...signIn, laterFrom(signIn, 'signed-in')])
const workspace = closure([...signedIn, laterFrom(signedIn, 'annotate-screen')])
const sizes = { 'sign-in': sizeKb(signIn), workspace: sizeKb(workspace) }
for (const [page, kb] of Object.entries(sizes)) {
  const budget = BUDGETS_KB[page]
  console.log(`${page}: ${kb.toFixed(1)} kB gzip, budget ${budget} kB`)
  if (kb > budget) process.exitCode = 1
}
