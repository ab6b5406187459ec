using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Tests.Tls;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Keys of a cluster that change while its members run.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class ClusterKeyWatchTests : IDisposable
{
    private readonly ScratchDirectory _directory = new();
    private readonly LogLines _log = new();
    private readonly List<string[]> _replaced = [];
    private readonly string _old = ClusterKeys.Generate();
    private readonly string _new = ClusterKeys.Generate();

    public void Dispose()
    {
        _log.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Changed_keys_are_taken_and_told_by_their_fingerprints()
    {
        using ClusterKeyWatch watch = Watch();
        watch.Look();
        Write(_old, _new);
        watch.Look();
        Assert.Empty(_replaced);
        watch.Look();
        watch.Look();

        Assert.Equal([_old, _new], Assert.Single(_replaced));
        (string first, string second) = (FingerprintOf(_old), FingerprintOf(_new));
        Assert.Equal(
            $"Information The keys of the cluster were read again: this member seals with the key of fingerprint {first}, and opens with {first}, {second}",
            Assert.Single(_log.All));

        Write(_new);
        watch.Look();
        watch.Look();
        Assert.Equal([_new], _replaced[1]);
        Assert.DoesNotContain(_log.All, line => line.Contains(_old, StringComparison.Ordinal) || line.Contains(_new, StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_still_being_written_is_not_taken()
    {
        using ClusterKeyWatch watch = Watch();
        foreach (string half in (string[])[_new, $"{_new}\n{_old[..20]}", $"{_new}\n{_old}"])
        {
            File.WriteAllText(KeyFile, half);
            watch.Look();
            Assert.Empty(_replaced);
        }

        watch.Look();
        Assert.Equal([_new, _old], Assert.Single(_replaced));
    }

    [Fact]
    public void While_the_file_can_not_be_used_the_old_keys_stay_and_one_line_says_so()
    {
        using ClusterKeyWatch watch = Watch();
        foreach ((Action damage, string words) in ((Action, string)[])
        [
            (() => File.WriteAllText(KeyFile, "damaged"), "key 1 is not 16, 24 or 32 bytes in base64"),
            (() => File.WriteAllText(KeyFile, ""), "there are 0 keys"),
            (() => Write(_new), ""),
            (() => File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.OtherRead), "others than its owner may read or change the keys"),
            (() => { File.Delete(KeyFile); Assert.Equal(0, Unix.MakePipe(KeyFile)); }, "it is a pipe, and only ordinary files are read"),
            (() => File.Delete(KeyFile), "can not be read"),
        ])
        {
            int before = _log.Warnings.Count();
            damage();
            for (int i = 0; i < 5 && words.Length > 0; i++)
            {
                watch.Look();
            }

            Assert.Equal(words.Length > 0 ? 1 : 0, _log.Warnings.Count() - before);
            Assert.True(words.Length == 0 || _log.Warnings.Last().StartsWith("Warning The changed keys of the cluster can not be used, and the old ones stay: ", StringComparison.Ordinal));
            Assert.Contains(words, _log.Warnings.Last(), StringComparison.Ordinal);
        }

        Assert.Empty(_replaced);
        Write(_new);
        watch.Look();
        watch.Look();
        Assert.Equal([_new], Assert.Single(_replaced));
    }

    [Fact]
    public void What_goes_wrong_while_keys_are_replaced_ends_nothing_and_is_tried_again()
    {
        int tries = 0;
        using ClusterKeyWatch watch = Watch((_, keys) =>
        {
            if (++tries == 1)
            {
                throw new InvalidOperationException("not now");
            }

            _replaced.Add(keys);
        });
        Write(_new);
        for (int i = 0; i < 4; i++)
        {
            watch.Look();
        }

        Assert.Equal([_new], Assert.Single(_replaced));
        Assert.Contains("not now", Assert.Single(_log.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_members_change_their_key_and_none_has_to_be_restarted()
    {
        string[] files = [.. Enumerable.Range(0, 3).Select(i => Path.Combine(_directory.Path, $"keys{i}"))];
        Array.ForEach(files, file => WriteTo(file, _old));
        await using ClusteredGateway one = await StartAsync(files[0]);
        await using ClusteredGateway two = await StartAsync(files[1], one);
        await using ClusteredGateway three = await StartAsync(files[2], one);
        ClusteredGateway[] all = [one, two, three];
        await KnowEachOtherAsync();

        await ChangeAsync(_old, _new);
        await ChangeAsync(_new, _old);
        string key = string.Join(", ", new[] { _new, _old }.Select(FingerprintOf));
        Assert.All(all, gateway => Assert.Contains(
            $"Information The keys of the cluster were read again: this member seals with the key of fingerprint {FingerprintOf(_new)}, and opens with {key}", gateway.Log.All));

        // By now nobody has said anything that another could not read.
        Assert.All(all, gateway => Assert.DoesNotContain(gateway.Log.All, line => line.Contains("none of the keys opens it", StringComparison.Ordinal)));
        await ChangeAsync(_new);

        await KnowEachOtherAsync();
        await using ClusteredGateway four = await ClusteredGateway.StartAsync(Echo(""), two, key: _new);
        await three.SaysAsync($"Information Cluster member {four.Id} is now online");
        await using ClusteredGateway late = await ClusteredGateway.StartAsync(Echo(""), two, key: _old);
        await using ClusteredGateway five = await ClusteredGateway.StartAsync(Echo(""), two, key: _new);
        await one.SaysAsync($"Information Cluster member {five.Id} is now online");
        Assert.DoesNotContain($"Information Cluster member {late.Id} is now online", one.Log.All);

        async Task ChangeAsync(params string[] keys)
        {
            Array.ForEach(files, file => WriteTo(file, keys));
            string opening = string.Join(", ", keys.Select(FingerprintOf));
            foreach (ClusteredGateway gateway in all)
            {
                await gateway.SaysAsync($"Information The keys of the cluster were read again: this member seals with the key of fingerprint {FingerprintOf(keys[0])}, and opens with {opening}");
            }
        }

        async Task KnowEachOtherAsync()
        {
            foreach (ClusteredGateway gateway in all)
            {
                await Task.WhenAll(all.Where(other => other != gateway).Select(other => IsThereAsync(gateway, other)));
            }
        }
    }

    /// <summary>Waits until a gateway has last said of another that it is there: on a busy machine it may have gone for a moment.</summary>
    private static async Task IsThereAsync(ClusteredGateway gateway, ClusteredGateway other)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string start = $"Information Cluster member {other.Id} is ";
        while (gateway.Log.All.LastOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) != $"{start}now online")
        {
            Assert.False(patience.IsCancellationRequested, $"{other.Id} is not there:\n{string.Join('\n', gateway.Log.All)}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private static Task<ClusteredGateway> StartAsync(string keyFile, ClusteredGateway? seed = null) => ClusteredGateway.StartAsync(
        Echo(""), seed, keyFile: keyFile, change: options => options with { KeyFileInterval = TimeSpan.FromMilliseconds(50) });

    private string KeyFile => Path.Combine(_directory.Path, "keys");

    private static string FingerprintOf(string key) => ClusterSecret.Of("c", key).Fingerprint;

    private ClusterKeyWatch Watch(Action<string, string[]>? replace = null)
    {
        Write(_old);
        return new ClusterKeyWatch("c", KeyFile, [_old], replace ?? ((_, keys) => _replaced.Add(keys)), new HeldTimers(), TimeSpan.FromSeconds(5), _log);
    }

    private void Write(params string[] keys) => WriteTo(KeyFile, keys);

    private static void WriteTo(string file, params string[] keys)
    {
        // As docs/cluster.md has it: the new file in the old one's place, so that nobody ever sees half of it.
        File.WriteAllText($"{file}.new", string.Join('\n', keys));
        File.SetUnixFileMode($"{file}.new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.Move($"{file}.new", file, overwrite: true);
    }
}
