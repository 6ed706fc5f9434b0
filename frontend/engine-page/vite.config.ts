import { defineConfig } from 'vite'

/** The page of tests/e2e/engine: the viewer alone, built as the product is. It is no part of what is shipped. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  worker: { format: 'es' },
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false }, emptyOutDir: true },
})
