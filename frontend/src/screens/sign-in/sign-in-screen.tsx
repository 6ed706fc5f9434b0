import { ShieldAlert } from 'lucide-react'
import { useEffect, useState } from 'react'
import { type About, readAbout } from '../../api/about'
import type { Session } from '../../api/session'
import { Logo } from '../../panels/logo'
import { NOT_DIAGNOSTIC, PRODUCT, signInText } from '../../strings'
import pictureUrl from './picture.webp'
import { SignInForm } from './sign-in-form'
import { UnsentNotice, type UnsentStrokes } from './unsent-notice'

export interface SignInScreenProps {
  readUnsent: () => Promise<readonly UnsentStrokes[]>
  onSignedIn: (session: Session) => void
}

/** What the server says of itself; 'unknown' when it does not answer. */
function useAbout(): About | 'unknown' | null {
  const [about, setAbout] = useState<About | 'unknown' | null>(null)
  useEffect(() => {
    const stop = new AbortController()
    readAbout(stop.signal).then(setAbout, () => {
      if (!stop.signal.aborted) setAbout('unknown')
    })
    return () => stop.abort()
  }, [])
  return about
}

function buildText(about: About | 'unknown' | null): string {
  if (about === null) return '\u00a0'
  return about === 'unknown' ? signInText.buildUnknown : signInText.build(about.name, about.version, about.healthy)
}

export function SignInScreen({ readUnsent, onSignedIn }: SignInScreenProps) {
  const about = useAbout()
  const known = about === 'unknown' ? null : about
  return (
    <div className="grid h-full grid-cols-1 lg:grid-cols-[minmax(0,11fr)_minmax(420px,8.2fr)]">
      <Picture />
      <main className="col justify-center overflow-auto bg-bg-1 px-8 py-8 sm:px-[13%]">
        <h1 className="text-20">{signInText.title}</h1>
        <p className="mb-[22px] mt-1 text-fg-2">{known?.organisation ?? signInText.local}</p>
        <SignInForm onSignedIn={onSignedIn} />
        <UnsentNotice read={readUnsent} />
        {known?.insecure_http === true && (
          <div className="note mt-5">
            <ShieldAlert size={14} className="mt-0.5 text-warn" aria-hidden />
            <p>{signInText.insecure}</p>
          </div>
        )}
        <div className="mt-11 text-11 leading-[1.55] text-fg-3">
          <p>{NOT_DIAGNOSTIC}</p>
          <p>{signInText.audit}</p>
          <p className="mt-2">{buildText(about)}</p>
        </div>
      </main>
    </div>
  )
}

function Picture() {
  return (
    <aside className="relative hidden overflow-hidden bg-[#07080a] lg:block" aria-label={PRODUCT}>
      <img src={pictureUrl} alt="" className="absolute inset-0 size-full object-cover object-left" />
      <div className="absolute inset-0 bg-[linear-gradient(90deg,transparent_60%,var(--bg-1)),linear-gradient(0deg,#07080a_8%,#07080acc_20%,transparent_40%)]" />
      <div className="row absolute left-11 top-10 gap-[9px]">
        <Logo size={24} />
        <b className="text-15 tracking-[-0.015em]">{PRODUCT}</b>
      </div>
      <div className="absolute bottom-11 left-11 w-[560px] max-w-[calc(100%-88px)]">
        <p className="text-28 font-semibold leading-[1.2] tracking-[-0.025em]">
          {signInText.headline[0]}
          <br />
          {signInText.headline[1]}
        </p>
        <p className="mt-2.5 text-13 leading-[1.55] text-fg-2">{signInText.caption}</p>
        <p className="mt-2 text-10 text-fg-3">{signInText.credit}</p>
      </div>
    </aside>
  )
}
