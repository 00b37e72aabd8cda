import { createApp } from 'vue'
import App from './App.vue'
import { makeI18n } from './i18n'
import { startCounty } from './model/county'
import { startTheme } from './model/theme'
import { startRouter } from './router'
import './style/colours.css'
import './style/base.css'
import './style/parts.css'
import './style/lists.css'
import './style/forms.css'
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
startCounty()
createApp(App).use(makeI18n()).mount('#app')
