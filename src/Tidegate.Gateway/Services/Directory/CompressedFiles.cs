using System.IO.Compression;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>
/// Files compressed when they were first asked for, kept while there is room. Compressing them for each request would let a few
/// clients keep every core busy; so would large files, which are sent as they are.
/// </summary>
internal sealed class CompressedFiles : IDisposable
{
    /// <summary>Bytes of a file below which compressing saves no packet.</summary>
    internal const long Smallest = 1024;

    /// <summary>Bytes of the largest file that is compressed. A larger one is worth compressing in advance.</summary>
    internal const long Largest = 1024 * 1024;

    /// <summary>Compressed bytes that one service keeps.</summary>
    private const long Capacity = 16 * 1024 * 1024;

    private readonly Dictionary<(string Path, string Coding), Entry> _entries = [];
    private readonly LinkedList<(string Path, string Coding)> _byUse = [];
    private readonly Lock _lock = new();

    // One at a time: the others may use the cores meanwhile.
    private readonly SemaphoreSlim _compressing = new(1);
    private long _size;

    /// <summary>The file compressed, or null where that does not pay.</summary>
    internal async Task<byte[]?> GetAsync(FileInfo file, ContentCoding coding, CancellationToken cancellation)
    {
        if (file.Length is < Smallest or > Largest)
        {
            return null;
        }

        var key = (file.FullName, coding.Name);
        if (Find(key, file) is { } known)
        {
            return known.Content;
        }

        await _compressing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (Find(key, file) is { } since)
            {
                return since.Content;
            }

            byte[]? content = await CompressAsync(file, coding, cancellation).ConfigureAwait(false);
            Keep(key, new Entry(content, file.LastWriteTimeUtc, file.Length));
            return content;
        }
        finally
        {
            _compressing.Release();
        }
    }

    public void Dispose() => _compressing.Dispose();

    private static async Task<byte[]?> CompressAsync(FileInfo file, ContentCoding coding, CancellationToken cancellation)
    {
        using var compressed = new MemoryStream();
        FileStream content = file.Open(new FileStreamOptions { Options = FileOptions.Asynchronous | FileOptions.SequentialScan, Share = FileShare.ReadWrite | FileShare.Delete });
        await using (content.ConfigureAwait(false))
        {
            Stream compressor = coding == ContentCoding.Brotli
                ? new BrotliStream(compressed, CompressionLevel.Optimal, leaveOpen: true)
                : new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true);
            await using (compressor.ConfigureAwait(false))
            {
                await content.CopyToAsync(compressor, cancellation).ConfigureAwait(false);
            }
        }

        return compressed.Length < file.Length ? compressed.ToArray() : null;
    }

    private Entry? Find((string, string) key, FileInfo file)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out Entry? entry))
            {
                return null;
            }

            if (entry.Modified != file.LastWriteTimeUtc || entry.Length != file.Length)
            {
                Drop(key, entry);
                return null;
            }

            _byUse.Remove(entry.Use!);
            _byUse.AddFirst(entry.Use!);
            return entry;
        }
    }

    private void Keep((string, string) key, Entry entry)
    {
        lock (_lock)
        {
            entry.Use = _byUse.AddFirst(key);
            _entries[key] = entry;
            _size += entry.Size;
            while (_size > Capacity)
            {
                (string, string) oldest = _byUse.Last!.Value;
                Drop(oldest, _entries[oldest]);
            }
        }
    }

    private void Drop((string, string) key, Entry entry)
    {
        _entries.Remove(key);
        _byUse.Remove(entry.Use!);
        _size -= entry.Size;
    }

    /// <summary>A file compressed, or that it is not worth it.</summary>
    private sealed record Entry(byte[]? Content, DateTime Modified, long Length)
    {
        internal LinkedListNode<(string Path, string Coding)>? Use { get; set; }

        // What an entry costs besides its content, roughly: those that are not worth it take room as well.
        internal long Size => (Content?.Length ?? 0) + 512;
    }
}
