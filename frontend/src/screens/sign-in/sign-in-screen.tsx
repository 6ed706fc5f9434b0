import { useQuery } from '@tanstack/react-query'
import { ShieldAlert } from 'lucide-react'
import { aboutQuery } from '../../api/about'
import { Logo } from '../../panels/logo'
import { NOT_DIAGNOSTIC, PRODUCT, signInText } from '../../strings'
import pictureUrl from './picture.webp'
import { SignInForm } from './sign-in-form'
import { UnsentNotice, type UnsentStrokes } from './unsent-notice'

export function SignInScreen({ readUnsent }: { readUnsent: () => Promise<readonly UnsentStrokes[]> }) {
  const about = useQuery(aboutQuery)
  const build =
    about.data !== undefined
      ? signInText.build(about.data.name, about.data.version, about.data.healthy)
      : about.isError
        ? signInText.buildUnknown
        : '\u00a0'
  return (
    <div className="grid h-full grid-cols-1 lg:grid-cols-[minmax(0,11fr)_minmax(420px,8.2fr)]">
      <Picture />
      <main className="col justify-center overflow-auto bg-bg-1 px-8 py-8 sm:px-[13%]">
        <h1 className="text-20">{signInText.title}</h1>
        <p className="mb-[22px] mt-1 text-fg-2">{about.data?.organisation ?? signInText.local}</p>
        <SignInForm />
        <UnsentNotice read={readUnsent} />
        {about.data?.insecure_http === true && (
          <div className="note mt-5">
            <ShieldAlert size={14} className="mt-0.5 text-warn" aria-hidden />
            <p>{signInText.insecure}</p>
          </div>
        )}
        <div className="mt-11 text-11 leading-[1.55] text-fg-3">
          <p>{NOT_DIAGNOSTIC}</p>
          <p>{signInText.audit}</p>
          <p className="mt-2">{build}</p>
        </div>
      </main>
    </div>
  )
}

function Picture() {
  return (
    <div className="relative hidden overflow-hidden bg-[#07080a] lg:block">
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
    </div>
  )
}
