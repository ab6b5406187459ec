using System.Text;
using Tidegate.Gateway.Services.Directory;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>Small files are read once a second at most, and never sent as they no longer are.</summary>
public sealed class RecentFilesTests : IDisposable
{
    private static readonly DateTime s_modified = new(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly ScratchDirectory _directory = new();
    private readonly HandTime _time = new();
    private readonly RecentFiles _recent;

    public RecentFilesTests() => _recent = new RecentFiles(_time);

    private string Path => System.IO.Path.Combine(_directory.Path, "f");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_that_is_asked_for_again_is_not_read_again()
    {
        Write("one");
        Representation first = _recent.Get(new FileInfo(Path), "text/plain")!;

        Assert.Same(first, _recent.Get(new FileInfo(Path), "text/plain"));
        Assert.Equal("one", TextOf(first));
        Assert.Equal((3, "text/plain", Path), (first.Length, first.MediaType, first.Path));
    }

    [Fact]
    public void A_file_with_two_names_has_the_type_of_each()
    {
        Write("one");

        Assert.Equal("text/plain", _recent.Get(new FileInfo(Path), "text/plain")!.MediaType);
        Assert.Equal("text/html", _recent.Get(new FileInfo(Path), "text/html")!.MediaType);
    }

    [Fact]
    public void A_change_of_length_or_time_is_seen_at_once()
    {
        Write("one");
        _recent.Get(new FileInfo(Path), "");
        Write("three");
        Assert.Equal("three", TextOf(_recent.Get(new FileInfo(Path), "")));
        Write("seven");
        File.SetLastWriteTimeUtc(Path, s_modified.AddTicks(1));
        Assert.Equal("seven", TextOf(_recent.Get(new FileInfo(Path), "")));
    }

    [Fact]
    public void A_change_that_keeps_both_is_seen_within_a_second()
    {
        Write("one");
        _recent.Get(new FileInfo(Path), "");
        Write("two");
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal("one", TextOf(_recent.Get(new FileInfo(Path), "")));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("two", TextOf(_recent.Get(new FileInfo(Path), "")));
    }

    [Fact]
    public void A_file_that_is_not_there_any_more_is_not_sent_after_a_second()
    {
        Write("one");
        var described = new FileInfo(Path);
        _recent.Get(described, "");
        File.Delete(Path);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Throws<FileNotFoundException>(() => _recent.Get(described, ""));
    }

    [Fact]
    public void A_file_that_grows_while_it_is_read_is_not_kept()
    {
        Write("one");
        var described = new FileInfo(Path);
        Assert.Equal(3, described.Length);
        Write("one and a half");

        Assert.Null(_recent.Get(described, ""));
    }

    [Fact]
    public void Large_files_are_not_kept_and_small_ones_up_to_a_bound()
    {
        File.WriteAllBytes(Path, new byte[RecentFiles.Largest + 1]);
        Assert.Null(_recent.Get(new FileInfo(Path), ""));
        Assert.Equal(0, _recent.Size);

        for (int i = 0; i < 2 * RecentFiles.Capacity / RecentFiles.Largest; i++)
        {
            string path = $"{Path}{i}";
            File.WriteAllBytes(path, new byte[RecentFiles.Largest]);
            Assert.Equal(RecentFiles.Largest, _recent.Get(new FileInfo(path), "")!.Content!.Value.Length);
            Assert.InRange(_recent.Size, RecentFiles.Largest, RecentFiles.Capacity);
        }
    }

    private static string TextOf(Representation? form) => Encoding.ASCII.GetString(form!.Content!.Value.Span);

    private void Write(string text)
    {
        File.WriteAllText(Path, text);
        File.SetLastWriteTimeUtc(Path, s_modified);
    }

    private sealed class HandTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        internal void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
