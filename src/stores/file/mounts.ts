/**
 * Whether `path` (absolute, without links) is itself a mount point, by the text of /proc/self/mountinfo (proc(5): the
 * fifth field, with space, tab, newline and backslash as octal escapes). Docker and Kubernetes mount single files so.
 */
export function isMountPoint(mountinfo: string, path: string): boolean {
  return mountinfo.split("\n").some((line) => {
    const point = line.split(" ")[4];
    return (
      point?.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))) === path
    );
  });
}
