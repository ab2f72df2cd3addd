import tarfile


def summary(archive: tarfile.TarFile) -> dict[str, int]:
    sizes = {}
    for member in archive.getmembers():
        stream = archive.extractfile(member)
        if stream is not None:
            sizes[member.name] = len(stream.read())
    return sizes
