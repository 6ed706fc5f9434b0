import { useState } from 'react'
import { Card } from '../../panels/bits'
import { Toggle } from '../../panels/field'
import { settingsText } from '../../strings'
import { useSession } from '../session-context'
import { isHighContrast, setHighContrast } from './contrast'
import { TokensCard } from './tokens-card'

export function SettingsScreen() {
  const { user } = useSession()
  const [contrast, setContrast] = useState(isHighContrast)
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
        <div className="row gap-3 px-3.5 pb-3.5">
          <Toggle
            label={settingsText.contrast}
            checked={contrast}
            onChange={(on) => {
              setHighContrast(on)
              setContrast(on)
            }}
          />
          <div>
            <p aria-hidden>{settingsText.contrast}</p>
            <p className="text-fg-3">{settingsText.contrastNote}</p>
          </div>
        </div>
      </Card>
      <TokensCard />
    </>
  )
}
