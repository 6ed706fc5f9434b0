import { useState } from 'react'
import { Card } from '../../panels/bits'
import { Toggle } from '../../panels/field'
import { readStored, writeStored } from '../../panels/stored'
import { settingsText } from '../../strings'
import { useSession } from '../session-context'
import { isHighContrast, setHighContrast } from './contrast'
import { TokensCard } from './tokens-card'

export function SettingsScreen() {
  const { user } = useSession()
  const [contrast, setContrast] = useState(isHighContrast)
  const [announces, setAnnounces] = useState(() => readStored('announceCursor') === 'yes')
  return (
    <>
      <h1>{settingsText.title}</h1>
      <Card title={settingsText.account} className="flex-none">
        <p className="row flex-wrap gap-x-8 gap-y-1 px-3.5 pb-3.5">
          <span className="font-medium">{user.name}</span>
          <span className="text-fg-2">{user.login}</span>
          <span className="text-fg-3">{settingsText.serviceRole[user.role]}</span>
        </p>
      </Card>
      <Card title={settingsText.display} className="flex-none">
        <div className="col gap-3 px-3.5 pb-3.5">
          <Setting
            label={settingsText.contrast}
            note={settingsText.contrastNote}
            checked={contrast}
            onChange={(on) => {
              setHighContrast(on)
              setContrast(on)
            }}
          />
          <Setting
            label={settingsText.announce}
            note={settingsText.announceNote}
            checked={announces}
            onChange={(on) => {
              writeStored('announceCursor', on ? 'yes' : null)
              setAnnounces(on)
            }}
          />
        </div>
      </Card>
      <TokensCard />
    </>
  )
}

interface SettingProps {
  label: string
  note: string
  checked: boolean
  onChange: (checked: boolean) => void
}

function Setting({ label, note, checked, onChange }: SettingProps) {
  return (
    <div className="row gap-3">
      <Toggle label={label} checked={checked} onChange={onChange} />
      <div>
        <p aria-hidden>{label}</p>
        <p className="text-fg-3">{note}</p>
      </div>
    </div>
  )
}
