// What tsc leaves behind: files next to the code that the package needs beside the compiled code.
import { cpSync, existsSync, rmSync } from 'node:fs'

const folders = ['src/dashboard/assets', 'src/visualizer/layouts', 'src/visualizer/fonts']

for (const folder of folders.filter((each) => existsSync(each))) {
  rmSync(`dist/${folder}`, { recursive: true, force: true })
  cpSync(folder, `dist/${folder}`, { recursive: true })
}
