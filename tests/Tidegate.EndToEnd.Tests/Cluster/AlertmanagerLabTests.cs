namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Members of a plain cluster beside Prometheus' Alertmanager, which uses memberlist without Serf.</summary>
public sealed class AlertmanagerLabTests
{
    [Fact]
    public async Task Alertmanager_joins_and_leaves_and_sees_members_come_and_go()
    {
        await using Lab lab = await Lab.UpAsync(3);
        using var scratch = new ScratchDirectory();
        string configuration = scratch.Write("alertmanager.yml", "route:\n  receiver: nobody\nreceivers:\n  - name: nobody\n");
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--plain");
        string[] command =
        [
            .. lab.On(2), "prometheus-alertmanager", $"--config.file={configuration}", $"--storage.path={scratch.Path}/data",
            "--web.listen-address=127.0.0.1:9093", $"--cluster.listen-address={Lab.AddressOf(2)}:9094", $"--cluster.peer={Lab.AddressOf(1)}:7946",
            "--cluster.pushpull-interval=2s",
        ];
        await using ChildProcess alertmanager = ChildProcess.Start(command[0], command[1..]);

        string up = await one.SaysAsync($" up ");
        string name = up.Split(' ')[2];
        Assert.Contains($"{Lab.AddressOf(2)}:9094", up, StringComparison.Ordinal);
        await UntilStatusAsync(lab, text => text.Contains("\"name\":\"one\"", StringComparison.Ordinal));

        await using MemberProcess two = await MemberProcess.StartAsync(lab, 3, "two", "--plain", "--discover", $"tcp://{Lab.AddressOf(2)}:9094");
        await one.SeesAsync("up", "two");
        await UntilStatusAsync(lab, text => text.Contains("\"name\":\"two\"", StringComparison.Ordinal));
        two.Type("leave");
        Assert.Equal(0, await two.EndAsync());
        await one.SeesAsync("left", "two");
        await UntilStatusAsync(lab, text => !text.Contains("\"name\":\"two\"", StringComparison.Ordinal));

        alertmanager.Signal("TERM");
        await alertmanager.WaitForExitAsync();
        await one.SeesAsync("left", name);
        Assert.False(one.HasSeen("failed"), one.Transcript);
    }

    private static async Task UntilStatusAsync(Lab lab, Predicate<string> wanted)
    {
        CancellationToken patience = Patience.Token;
        string text;
        do
        {
            string[] command = [.. lab.On(2), "curl", "-s", "http://127.0.0.1:9093/api/v2/status"];
            text = string.Concat((await ChildProcess.RunAsync(command[0], command[1..])).Output);
            if (patience.IsCancellationRequested)
            {
                Assert.Fail($"Alertmanager does not come to say what is wanted, but: {text}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), CancellationToken.None);
        }
        while (!wanted(text));
    }
}
