// A film or sound file in the place of the camera and the microphone: it plays again and again, unseen and unheard here.

const kPatience = 10_000; // ms to read the beginning of the file

// Resolves to {audio, video, close()}: tracks, null for what the file does not have. Rejects with a sentence when the
// browser cannot play it.
export async function openMediaFile(file) {
  const element = document.createElement('video');
  Object.assign(element, { src: URL.createObjectURL(file), loop: true, playsInline: true, volume: 0 });
  const close = () => {
    element.pause();
    URL.revokeObjectURL(element.src);
    element.removeAttribute('src');
    element.load();
  };
  try {
    await played(element, file.name);
    const stream = element.captureStream?.() ?? element.mozCaptureStream?.();
    if (!stream) throw new Error('This browser cannot send a file.');
    const [audio = null] = stream.getAudioTracks();
    const [video = null] = stream.getVideoTracks();
    if (!audio && !video) throw new Error(`${file.name} has neither pictures nor sound.`);
    return { audio, video, close };
  } catch (error) {
    close();
    throw error;
  }
}

function played(element, name) {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`${name} is nothing that this browser can play.`));
    element.addEventListener('error', fail, { once: true });
    element.addEventListener('playing', resolve, { once: true });
    setTimeout(fail, kPatience);
    element.play().catch(fail);
  });
}
