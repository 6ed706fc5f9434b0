// Checks the direction of imports between the folders of src/, cycles between files, and the length of files and functions.
// screens > panels > (tools | viewer) > store > (workers | api) > labelmap > geometry
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const SRC = resolve(dirname(fileURLToPath(import.meta.url)), '../src')
const MAX_FILE_LINES = 500
const MAX_FUNCTION_LINES = 60
const LEVEL = { geometry: 0, labelmap: 1, workers: 2, api: 2, store: 3, tools: 4, viewer: 4, panels: 5, screens: 6 }
// Words and styles are leaves that anyone may read; files in src/ itself assemble the rest.
const LEAVES = new Set(['strings', 'styles'])
const GENERATED = new Set(['api/schema.d.ts'])

const problems = []

function sources(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sources(path)
    return /\.(ts|tsx)$/.test(name) ? [path] : []
  })
}

function folderOf(path) {
  const parts = relative(SRC, path).split('/')
  return parts.length > 1 ? parts[0] : null
}

function resolveImport(from, specifier) {
  if (!specifier.startsWith('.')) return null
  const base = resolve(dirname(from), specifier.replace(/\?.*$/, ''))
  for (const candidate of [base, `${base}.ts`, `${base}.tsx`, join(base, 'index.ts')]) {
    if (files.has(candidate)) return candidate
  }
  return base
}

function checkEdge(from, to) {
  const source = folderOf(from)
  const target = folderOf(to)
  if (source === null || source === target) return
  const name = `${relative(SRC, from)} imports ${relative(SRC, to)}`
  if (target === null) {
    if (relative(SRC, to).replace(/\.ts$/, '') !== 'strings') problems.push(`${name}: files in src/ are not imported`)
    return
  }
  if (LEAVES.has(target)) return
  if (LEAVES.has(source)) {
    problems.push(`${name}: ${source}/ imports nothing of ours`)
    return
  }
  const high = LEVEL[source]
  const low = LEVEL[target]
  if (high === undefined || low === undefined) problems.push(`${name}: unknown folder`)
  else if (high <= low) problems.push(`${name}: ${source} may not import ${target}`)
}

function importsOf(file) {
  const found = []
  const visit = (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const typeOnly = ts.isImportDeclaration(node) && node.importClause?.isTypeOnly === true
      found.push({ specifier: node.moduleSpecifier.text, typeOnly })
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const argument = node.arguments[0]
      if (argument && ts.isStringLiteral(argument)) found.push({ specifier: argument.text, typeOnly: true })
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

function functionName(node) {
  if (node.name && ts.isIdentifier(node.name)) return node.name.text
  const parent = node.parent
  if (parent && ts.isVariableDeclaration(parent) && ts.isIdentifier(parent.name)) return parent.name.text
  return 'a function'
}

/** Lines of a function without the lines of functions inside it: a test's describe() is not long because its cases are. */
function checkFunctions(path, file) {
  const isFunction = (node) =>
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isArrowFunction(node) ||
    ts.isFunctionExpression(node) ||
    ts.isConstructorDeclaration(node) ||
    ts.isAccessor(node)
  const lineOf = (position) => file.getLineAndCharacterOfPosition(position).line
  const visit = (node) => {
    if (isFunction(node) && node.body) {
      const lines = lineOf(node.end) - lineOf(node.getStart(file)) + 1
      const isSuite = /\.test\.tsx?$/.test(path)
      if (lines > MAX_FUNCTION_LINES && !isSuite) {
        const at = lineOf(node.getStart(file)) + 1
        problems.push(
          `${relative(SRC, path)}:${at} ${functionName(node)} has ${lines} lines, the limit is ${MAX_FUNCTION_LINES}`,
        )
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
}

function findCycles(graph) {
  const state = new Map()
  const walk = (node, trail) => {
    state.set(node, 'open')
    for (const next of graph.get(node) ?? []) {
      if (state.get(next) === 'open') {
        const cycle = [...trail.slice(trail.indexOf(next)), node, next].map((path) => relative(SRC, path))
        problems.push(`cycle: ${cycle.join(' > ')}`)
      } else if (!state.has(next)) walk(next, [...trail, node])
    }
    state.set(node, 'done')
  }
  for (const node of graph.keys()) if (!state.has(node)) walk(node, [])
}

const files = new Set(sources(SRC))
const graph = new Map()
for (const path of files) {
  const text = readFileSync(path, 'utf8')
  const name = relative(SRC, path)
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  if (!GENERATED.has(name)) {
    const lines = text.split('\n').length - 1
    if (lines > MAX_FILE_LINES) problems.push(`${name} has ${lines} lines, the limit is ${MAX_FILE_LINES}`)
    checkFunctions(path, file)
  }
  const edges = []
  for (const { specifier, typeOnly } of importsOf(file)) {
    const target = resolveImport(path, specifier)
    if (target === null) continue
    checkEdge(path, target)
    if (!typeOnly && files.has(target)) edges.push(target)
  }
  graph.set(path, edges)
}
findCycles(graph)

if (problems.length > 0) {
  for (const problem of problems) console.error(problem)
  console.error(`${problems.length} problem(s)`)
  process.exit(1)
}
console.log(`${files.size} files: imports point one way, lengths are within the limits`)
