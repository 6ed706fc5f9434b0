import { Logo } from '../../panels/logo'
import { annotateText } from '../../strings'

/** The frame of the workspace while the image and its labels are on their way: nothing moves when they come. */
export function FrameSkeleton({ name }: { name: string }) {
  return (
    <div className="ws" aria-busy="true">
      <header className="top">
        <Logo />
        <b>{name}</b>
      </header>
      <div className="opts" />
      <div className="stage">
        <div className="rail" />
        <main className="vp grid place-items-center">
          <div role="status" className="text-center">
            <p className="text-13 text-fg-1">{annotateText.opening}</p>
            <p className="text-fg-3">{annotateText.openingNote}</p>
          </div>
        </main>
        <div className="side w-[360px]" />
      </div>
      <div className="status" />
    </div>
  )
}
