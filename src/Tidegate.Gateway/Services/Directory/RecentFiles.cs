using System.Collections.Concurrent;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>
/// Small files as they were read less than a second ago, so that one that everybody asks for is not opened and read for each of them.
/// Whether there still is such a file, and where the path leads, is asked of the system every time; it also has to have the same length and
/// time of modification. What changes and keeps both is noticed within the second, and so is who may read it.
/// </summary>
internal sealed class RecentFiles(TimeProvider time)
{
    /// <summary>Bytes of the largest file that is kept: what is sent in one piece.</summary>
    internal const int Largest = FileContent.Piece;

    /// <summary>Bytes that one service keeps; when they are used up it begins anew.</summary>
    internal const long Capacity = 4 * 1024 * 1024;

    // What an entry costs besides its content, roughly.
    private const int Overhead = 512;

    private static readonly TimeSpan s_keptFor = TimeSpan.FromSeconds(1);

    // By the type as well: links give a file several names, and those several types.
    private readonly ConcurrentDictionary<(string Path, string Type), Entry> _entries = new();
    private long _size;

    /// <summary>Bytes that are kept, roughly.</summary>
    internal long Size => Interlocked.Read(ref _size);

    /// <summary>The file as it is, read if need be; null for one that is not small.</summary>
    /// <param name="file">The file, as the system has just described it.</param>
    /// <param name="type">What it is said to be.</param>
    /// <exception cref="IOException">The file can not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    internal Representation? Get(FileInfo file, string type)
    {
        if (file.Length > Largest)
        {
            return null;
        }

        long now = time.GetTimestamp();
        if (_entries.TryGetValue((file.FullName, type), out Entry? known)
            && known.Form.Modified == file.LastWriteTimeUtc && known.Form.Length == file.Length && time.GetElapsedTime(known.Read, now) < s_keptFor)
        {
            return known.Form;
        }

        if (Read(file) is not { } content)
        {
            return null;
        }

        DateTime modified = file.LastWriteTimeUtc;
        var form = new Representation(type, Representation.TagOf(modified, content.Length, null), modified, content.Length, content, file.FullName);
        if (Interlocked.Add(ref _size, content.Length + Overhead) > Capacity)
        {
            _entries.Clear();
            Interlocked.Exchange(ref _size, content.Length + Overhead);
        }

        _entries[(file.FullName, type)] = new Entry(form, now);
        return form;
    }

    /// <summary>The whole file; null where it has no longer the length that it had, for which it is sent from where it is.</summary>
    private static byte[]? Read(FileInfo file)
    {
        using var handle = File.OpenHandle(file.FullName, share: FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[file.Length];
        int count = 0;
        while (count < content.Length && RandomAccess.Read(handle, content.AsSpan(count), count) is > 0 and var read)
        {
            count += read;
        }

        return count == content.Length && RandomAccess.GetLength(handle) == count ? content : null;
    }

    private sealed record Entry(Representation Form, long Read);
}
