// SPDX-License-Identifier: Apache-2.0
// What onnxruntime gives for ONNX files:
//
//   node onnxruntime.js MODULE FOLDER
//
// MODULE is the folder of onnxruntime-node. For every FOLDER/NAME.onnx there are FOLDER/NAME.in, float32 numbers, and
// FOLDER/NAME.dims, the shape of one input on one line; NAME.in holds as many inputs as fit. Writes FOLDER/NAME.out, float32
// numbers, one output after the other, or FOLDER/NAME.error with what onnxruntime says.
'use strict';
const fs = require('fs');
const path = require('path');

const [module_folder, folder] = process.argv.slice(2);
const ort = require(path.resolve(module_folder));

function floats(buffer) {
  return new Float32Array(buffer.buffer, buffer.byteOffset, buffer.byteLength / 4);
}

async function run(stem) {
  const dims = fs.readFileSync(stem + '.dims', 'utf8').trim().split(/\s+/).map(Number);
  const size = dims.reduce((a, b) => a * b, 1);
  const all = floats(fs.readFileSync(stem + '.in'));
  const options = {intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3};
  const session = await ort.InferenceSession.create(stem + '.onnx', options);
  const parts = [];
  for (let first = 0; first < all.length; first += size) {
    const input = new ort.Tensor('float32', all.slice(first, first + size), dims);
    const result = await session.run({[session.inputNames[0]]: input});
    const values = result[session.outputNames[0]].data;
    parts.push(Buffer.from(values.buffer, values.byteOffset, values.byteLength));
  }
  fs.writeFileSync(stem + '.out', Buffer.concat(parts));
}

(async () => {
  for (const name of fs.readdirSync(folder).filter((name) => name.endsWith('.onnx'))) {
    const stem = path.join(folder, name.slice(0, -'.onnx'.length));
    try {
      await run(stem);
    } catch (error) {
      fs.writeFileSync(stem + '.error', String(error.message));
    }
  }
})();
