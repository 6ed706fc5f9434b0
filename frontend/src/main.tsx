import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './screens/app'
import { applyContrast } from './screens/settings/contrast'
import './styles/app.css'

// Radix adds a <style> when a dialog opens; the policy of the page wants our nonce on it.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce
if (nonce !== undefined && nonce !== '') setNonce(nonce)

applyContrast()

// A page from before an update asks for parts that are gone: a fresh page has the new ones. Once, not in a circle.
window.addEventListener('vite:preloadError', (event) => {
  if (sessionStorage.getItem('maskloop.reloaded') === 'yes') return
  sessionStorage.setItem('maskloop.reloaded', 'yes')
  event.preventDefault()
  window.location.reload()
})

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
