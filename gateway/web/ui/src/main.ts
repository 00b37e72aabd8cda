import { createApp } from 'vue'
import App from './App.vue'
import { makeI18n } from './i18n'
import { watch } from 'vue'
import { startCounty } from './model/county'
import { loadSession, session } from './model/session'
import { startTheme } from './model/theme'
import { ownTruck } from './model/offline'
import { go, startRouter } from './router'
import './style/colours.css'
import './style/base.css'
import './style/parts.css'
import './style/lists.css'
import './style/forms.css'
import './style/door.css'
import './style/county.css'
import './style/zone.css'
import './style/usage.css'
import './style/wide.css'
import './style/operations.css'
import './style/alarm.css'
import './style/people.css'
import './style/pin.css'
import './style/queue.css'
import './style/reports.css'
import './style/trips.css'

startTheme()
startRouter()
// Opened from the home screen of a driver's phone: his truck.
if (new URLSearchParams(location.search).get('from') === 'app' && ownTruck()) go('/truck/' + encodeURIComponent(ownTruck()))
void loadSession()
let stop = () => {}
// Another session is another county: nobody sees what the one before saw.
watch(() => (session.value && !session.value.must_change ? session.value.session || session.value.id : ''), (who) => {
  stop()
  stop = who ? startCounty() : () => {}
})
createApp(App).use(makeI18n()).mount('#app')
