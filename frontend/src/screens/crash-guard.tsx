import { Component, type ErrorInfo, type ReactNode } from 'react'
import { commonText } from '../strings'

/** Keeps a broken screen from becoming an empty page. The cause goes to the console, not to the person. */
export class CrashGuard extends Component<{ children: ReactNode }, { cause: Error | null }> {
  override state: { cause: Error | null } = { cause: null }

  static getDerivedStateFromError(cause: Error): { cause: Error } {
    return { cause }
  }

  override componentDidCatch(cause: Error, info: ErrorInfo): void {
    console.error(cause, info.componentStack)
  }

  override render(): ReactNode {
    if (this.state.cause === null) return this.props.children
    return (
      <div role="alert" className="col h-full items-center justify-center gap-3">
        <h1>{commonText.crashed}</h1>
        <p className="text-fg-2">{commonText.crashedDetail}</p>
        <p className="mono text-fg-3">{this.state.cause.message}</p>
        <button type="button" className="btn primary" onClick={() => window.location.reload()}>
          {commonText.reload}
        </button>
      </div>
    )
  }
}
